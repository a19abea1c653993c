// The conversation, in a page: a spoken turn with a function call, a long answer that the user
// interrupts by speaking, one that the application interrupts, the end; then the ways in which a
// call does not come about. All through the public interface of the service's own client.
import {OpenAIRealtimeWebRTC, RealtimeAgent, RealtimeSession, tool} from
    '/client/openai-realtime-agents.mjs';

import {check, EventWatch, nowMs, report, say, SoundWatch, until, within} from '/watch.js';

const settings = await (await fetch('/settings.json')).json();
const simulator = new URL('/simulator/', settings.baseUrl);
const kInvented = 'session.weather.observed';  // the simulator's, for unknown events

async function mint() {
  const response = await fetch(`${settings.baseUrl}/realtime/client_secrets`, {
    method: 'POST',
    headers: {Authorization: `Bearer ${settings.apiKey}`, 'Content-Type': 'application/json'},
    body: JSON.stringify({session: {type: 'realtime', model: 'gpt-realtime'}}),
  });
  check(response.ok, `client_secrets answered ${response.status}`);
  return (await response.json()).value;
}

const simulatorState = async () => (await fetch(new URL('state', simulator))).json();

const order = (path, body) =>
    fetch(new URL(path, simulator), {method: 'POST', body: JSON.stringify(body)});

// A session of the client, with all that the test wants to know about it.
function makeCall() {
  const call = {errors: [], states: [], toolArguments: []};
  const getTime = tool({
    name: 'get_time',
    description: 'Tells the time.',
    parameters: {
      type: 'object',
      properties: {zone: {type: 'string'}},
      required: ['zone'],
      additionalProperties: false,
    },
    strict: false,
    execute: (given) => {
      call.toolArguments.push(given);
      return 'five past noon';
    },
  });
  const transport = new OpenAIRealtimeWebRTC({
    baseUrl: `${settings.baseUrl}/realtime/calls`,
    changePeerConnection: (peer) => {
      call.offeringAt = nowMs();
      call.sound = new SoundWatch(peer);
      call.peer = peer;
      return peer;
    },
  });
  transport.on('connection_change', (state) => {
    call.states.push(state);
    const channel = transport.connectionState.dataChannel;
    if (state === 'connecting') {
      channel.addEventListener('open', () => { call.openAt = nowMs(); }, {once: true});
    }
  });
  const agent = new RealtimeAgent({name: 'clock', instructions: 'Be brief.', tools: [getTime]});
  call.session = new RealtimeSession(agent, {model: 'gpt-realtime', transport});
  call.session.on('error', (error) => call.errors.push(error));
  call.transport = transport;
  call.watch = new EventWatch(transport);
  call.connect = async () => {
    const apiKey = await mint();
    call.startAt = nowMs();
    await within('connect()', call.session.connect({apiKey}));
    call.connectedAt = nowMs();
  };
  return call;
}

const transcriptOf = (item) => item?.content?.[0]?.transcript;

async function spokenTurnWithTool({session, watch, sound, toolArguments}) {
  await watch.next('input_audio_buffer.speech_started');
  await watch.next('input_audio_buffer.speech_stopped');
  session.mute(true);
  const heard = await watch.next('conversation.item.input_audio_transcription.completed');
  check(heard.transcript === 'What time is it?', `the user's transcript is ${heard.transcript}`);
  await until('the function call', () => toolArguments.length > 0);
  check(toolArguments[0].zone === 'UTC', 'the arguments of the function call');
  await sound.heard('the answer');
  const answer = await watch.next('response.output_audio_transcript.done');
  check(answer.transcript === 'It is five past noon.', `the answer is ${answer.transcript}`);
  await watch.next('output_audio_buffer.stopped');
  check(toolArguments.length === 1, 'the function was called once');
  await until('both turns in the history', () =>
      session.history.some((item) => item.role === 'user' &&
                                     transcriptOf(item) === 'What time is it?') &&
      session.history.some((item) => item.role === 'assistant' && item.status === 'completed' &&
                                     transcriptOf(item) === 'It is five past noon.') &&
      session.history.some((item) => item.type === 'function_call' &&
                                     item.output === 'five past noon'));
}

async function userInterrupts({session, watch, sound}) {
  await sound.silent('the first answer', 4000);
  const mark = watch.mark;
  session.sendMessage('Tell me a long story.');
  await watch.next('output_audio_buffer.started', mark);
  await sound.heard('the story');
  session.mute(false);
  await watch.next('input_audio_buffer.speech_started', mark);
  const silentMs = await sound.silent('the user began to speak', 4000);
  await watch.next('output_audio_buffer.cleared', mark);
  const cut = await watch.next('conversation.item.truncated', mark);
  await watch.next('input_audio_buffer.speech_stopped', mark);
  const turn = watch.mark;
  session.mute(true);
  await until('the second transcript in the history',
              () => session.history.some((item) => transcriptOf(item) === 'Please stop.'));
  const item = await watch.next('conversation.item.retrieved', mark,
                                {where: (event) => event.item.id === cut.item_id});
  check(!transcriptOf(item.item), 'what was not heard is no longer in the item');
  const answer = await watch.next('response.output_audio_transcript.done', turn);
  check(answer.transcript === 'All right.', `the second answer is ${answer.transcript}`);
  await watch.next('output_audio_buffer.stopped', turn);
  return silentMs;
}

async function applicationInterrupts({session, watch, sound}) {
  const mark = watch.mark;
  session.sendMessage('Tell me that story again.');
  await watch.next('output_audio_buffer.started', mark);
  await sound.heard('the story, again');
  session.interrupt();
  const silentMs = await sound.silent('interrupt()', 4000);
  await watch.next('output_audio_buffer.cleared', mark);
  const done = await watch.next('response.done', mark);
  check(done.response.status === 'cancelled', `the response is ${done.response.status}`);
  return silentMs;
}

function soonSilent(silentMs) {
  check(silentMs < 1000, `silent only after ${silentMs} ms`);
  return `silent after ${silentMs} ms`;
}

async function end(call) {
  const id = call.transport.callId;
  const inbound = await call.sound.inbound();
  const outbound = await call.sound.stats('remote-inbound-rtp');
  call.session.close();
  await until('the simulator sees the end', async () =>
      (await simulatorState()).ended_sessions.some((session) => session.id === id), 3000);
  check(call.transport.status === 'disconnected', 'the client says disconnected');
  const concealed = inbound.concealedSamples - inbound.silentConcealedSamples;
  const ms = (seconds) => `${(1000 * seconds).toFixed(1)} ms`;
  await say(`     in: ${inbound.packetsReceived} packets, ${inbound.packetsLost} lost, ` +
            `${concealed} samples concealed, jitter ${ms(inbound.jitter)}, ` +
            `jitter buffer ${ms(inbound.jitterBufferDelay / inbound.jitterBufferEmittedCount)}`);
  await say(`     out, by the simulator's reports: ${outbound.packetsLost} lost, ` +
            `jitter ${ms(outbound.jitter)}, round trip ${ms(outbound.roundTripTime)}`);
  check(inbound.packetsLost === 0 && outbound.packetsLost === 0, 'no packet was lost');
  check(outbound.roundTripTime >= 0, 'the client knows the round trip');
}

function checkEvents({watch, errors}) {
  const missed = [...watch.notUnderstood()];
  const known = missed.filter(([type]) => type !== kInvented);
  check(known.length === 0, `not understood: ${JSON.stringify(known)}`);
  check(errors.length === 0, `errors: ${JSON.stringify(errors)}`);
}

async function connectFails(what, fault, expected, apiKey) {
  if (fault) await order('faults', {fault});
  const {session} = makeCall();
  const error = await session.connect({apiKey: apiKey ?? await mint()}).then(() => null, (e) => e);
  check(error !== null, `${what}: connected all the same`);
  check(error.message.includes(expected), `${what}: ${error.message}`);
}

// A network without UDP, and a call that the service ends.
async function overTcp() {
  await order('faults', {fault: 'no_udp'});
  const call = makeCall();
  await call.connect();
  const pair = await call.sound.stats('candidate-pair', (entry) => entry.nominated);
  const local = await call.sound.stats('local-candidate', (c) => c.id === pair.localCandidateId);
  check(local.protocol === 'tcp', `the pair is ${local.protocol}`);
  call.session.mute(true);
  call.session.sendMessage('Are you there?');
  await call.sound.heard('an answer over TCP');
  await order('sessions/*/hangup', {});
  await until('the client sees the hang-up', () => call.transport.status === 'disconnected', 8000);
  return Math.round(call.openAt - call.startAt);
}

async function step(name, action) {
  const start = nowMs();
  const result = await action();
  const took = Math.round(nowMs() - start);
  await say(`ok   ${name} (${took} ms${result === undefined ? '' : `; ${result}`})`);
}

async function conversation() {
  const call = makeCall();
  await step('connected, session.updated', async () => {
    await call.connect();
    const openMs = Math.round(call.openAt - call.startAt);
    const offerMs = Math.round(call.openAt - call.offeringAt);
    return `data channel open ${openMs} ms after connect(), ${offerMs} ms after the microphone`;
  });
  await step('a spoken turn, a function call, an answer', () => spokenTurnWithTool(call));
  await step('the user interrupts', async () => soonSilent(await userInterrupts(call)));
  await step('interrupt()', async () => soonSilent(await applicationInterrupts(call)));
  await step('the end', () => end(call));
  await step('every event was understood', () => checkEvents(call));
  await step('a wrong key is refused', () => connectFails('wrong key', null, '401', 'ek_wrong'));
  await step('a busy service', () => connectFails('503', 'calls_error=503', '503'));
  await step('TCP only, then hung up', async () => `data channel open after ${await overTcp()} ms`);
}

try {
  await conversation();
  await report({line: 'PASS', passed: true});
} catch (error) {
  await report({line: `FAIL: ${error.stack ?? error}`, passed: false});
}
