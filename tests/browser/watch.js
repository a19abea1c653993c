// What the test knows of a call: every event as the client took it, and the sound that came in.

export const report = (body) => fetch('/report', {method: 'POST', body: JSON.stringify(body)});
export const say = (line) => report({line});
export const nowMs = () => performance.now();

export function check(condition, what) {
  if (!condition) throw new Error(what);
}

export async function until(what, condition, deadlineMs = 8000) {
  const end = nowMs() + deadlineMs;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (nowMs() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

// A promise that must be kept by then.
export function within(what, promise, deadlineMs = 8000) {
  const late = new Promise((_, reject) => setTimeout(
      () => reject(new Error(`not within ${deadlineMs} ms: ${what}`)), deadlineMs));
  return Promise.race([promise, late]);
}

// The client tells of each event twice: as it came ('*'), and under its type if it has the form
// that the client expects. What comes once has a wrong form, or a type the client does not know.
export class EventWatch {
  constructor(transport) {
    this.events = [];
    this.understood = new Map();
    transport.on('*', (event) => {
      this.events.push(event);
      if (this.understood.has(event.type)) return;
      this.understood.set(event.type, 0);
      transport.on(event.type, () => {
        this.understood.set(event.type, this.understood.get(event.type) + 1);
      });
    });
  }

  all(type, from = 0) {
    return this.events.slice(from).filter((event) => event.type === type);
  }

  // Waits for the next event of that type after the mark (a number of events).
  next(type, mark = 0, {where = () => true, deadlineMs} = {}) {
    return until(type, () => this.all(type, mark).find(where), deadlineMs);
  }

  get mark() {
    return this.events.length;
  }

  notUnderstood() {
    const result = new Map();
    for (const [type, understood] of this.understood) {
      const missed = this.all(type).length - understood;
      if (missed > 0) result.set(type, missed);
    }
    return result;
  }
}

// Hears what comes in: by the statistics, and sample by sample, since the loudness that the
// statistics tell of falls only slowly.
export class SoundWatch {
  constructor(peer) {
    this.peer = peer;
    this.samples = new Float32Array(1024);
    peer.addEventListener('track', ({streams}) => {
      const context = new AudioContext();
      this.analyser = new AnalyserNode(context, {fftSize: this.samples.length});
      context.createMediaStreamSource(streams[0]).connect(this.analyser);
    });
  }

  async stats(type, where = () => true) {
    for (const entry of (await this.peer.getStats()).values()) {
      if (entry.type === type && where(entry)) return entry;
    }
    return {};
  }

  inbound() {
    return this.stats('inbound-rtp', (entry) => entry.kind === 'audio');
  }

  async energy() {
    return (await this.inbound()).totalAudioEnergy ?? 0;
  }

  audible() {
    this.analyser.getFloatTimeDomainData(this.samples);
    return this.samples.some((sample) => Math.abs(sample) > 0.003);
  }

  async heard(what, deadlineMs) {
    const before = await this.energy();
    await until(`sound of ${what}`, async () =>
        this.audible() && await this.energy() > before + 0.002, deadlineMs);
  }

  // How long it takes until nothing is audible, and stays so for half a second.
  async silent(what, deadlineMs) {
    const start = nowMs();
    let quietSince = start;
    await until(`silence after ${what}`, () => {
      if (this.audible()) quietSince = nowMs();
      return nowMs() - quietSince > 500;
    }, deadlineMs);
    return Math.round(quietSince - start);
  }
}
