// Runs one conversation: starts the simulator, serves the page, starts Chromium on it, prints what
// the page reports. Ends with 0 when the page says that all went well, before the deadline.
//
// The page and the simulator are two origins, so that CORS is used as between a web site and the
// service. No driver is needed: the page does everything itself and posts its findings here.
import {spawn} from 'node:child_process';
import {createReadStream, existsSync, mkdtempSync, openSync, readFileSync, rmSync} from 'node:fs';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {basename, dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';

import {makeMicrophone} from './speech.mjs';

const kDeadlineMs = 55_000;
const kApiKey = 'sk-browser-test';
const kLong = 'Once upon a time there was a small machine that liked to talk. ' +
    'It talked in the morning and it talked at night. '.repeat(6);

const {values: options} = parseArgs({
  options: {
    simulator: {type: 'string'},
    chromium: {type: 'string'},
    client: {type: 'string'},
    keep: {type: 'boolean', default: false},
  },
});
const here = dirname(fileURLToPath(import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'oairt-browser-'));
const children = [];

function start(command, args, stdout) {
  const log = openSync(join(scratch, basename(command) + '.log'), 'a');
  const child = spawn(command, args, {stdio: ['ignore', stdout === 'pipe' ? 'pipe' : log, log],
                                      detached: true});
  children.push(child);
  return child;
}

function startSimulator() {
  const child = start(options.simulator, [
    '--port', '0', '--api-key', kApiKey,
    '--log', join(scratch, 'simulator.jsonl'),
    '--hear', 'What time is it?', '--hear', 'Please stop.',
    '--call-tool', 'get_time:{"zone":"UTC"}',
    '--answer', 'It is five past noon.', '--answer', kLong,
    '--answer', 'All right.', '--answer', kLong,
  ], 'pipe');
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
      if (text.includes('\n')) resolve(JSON.parse(text.split('\n')[0]).listening);
    });
    child.on('exit', (code) => reject(new Error(`The simulator ended with ${code}.`)));
  });
}

function startChromium(url, microphone) {
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return start(options.chromium, [
    '--headless', ...asRoot, '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--disable-dev-shm-usage', '--disable-extensions',
    '--autoplay-policy=no-user-gesture-required',
    '--allow-loopback-in-peer-connection',  // where lo is all there is
    '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-audio-capture=${microphone}`,
    `--user-data-dir=${join(scratch, 'profile')}`,
    url,
  ]);
}

function readBody(request) {
  return new Promise((resolve) => {
    let text = '';
    request.on('data', (data) => { text += data; });
    request.on('end', () => resolve(text));
  });
}

// The page, the client's own module, the settings; and the way back for what the page found.
function servePage(settings, onReport) {
  const server = createServer(async (request, response) => {
    const {pathname} = new URL(request.url, 'http://page');
    const send = (type, body) => response.writeHead(200, {'Content-Type': type}).end(body);
    const client = join(options.client, basename(pathname));
    if (request.method === 'POST') {
      onReport(JSON.parse(await readBody(request)));
      send('text/plain', '');
    } else if (pathname === '/') {
      send('text/html', '<!doctype html><script type="module" src="/page.js"></script>');
    } else if (pathname === '/settings.json') {
      send('application/json', JSON.stringify(settings));
    } else if (['/page.js', '/watch.js'].includes(pathname)) {
      send('text/javascript', readFileSync(join(here, pathname)));
    } else if (pathname.startsWith('/client/') && existsSync(client)) {
      response.writeHead(200, {'Content-Type': 'text/javascript'});
      createReadStream(client).pipe(response);
    } else {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
}

async function main() {
  const microphone = join(scratch, 'microphone.wav');
  makeMicrophone(microphone, {text: 'Hello there, what time is it?', loopSeconds: 5});
  const baseUrl = await startSimulator();
  let finish;
  const passed = new Promise((resolve) => { finish = resolve; });
  const port = await servePage({baseUrl, apiKey: kApiKey}, (report) => {
    if (report.line !== undefined) console.log(report.line);
    if (report.passed !== undefined) finish(report.passed);
  });
  const fail = (why) => {
    console.log(`FAIL: ${why}`);
    finish(false);
  };
  setTimeout(fail, kDeadlineMs, `not done after ${kDeadlineMs / 1000} s`);
  const browser = startChromium(`http://127.0.0.1:${port}/`, microphone);
  browser.on('exit', (code) => fail(`Chromium ended with ${code}`));
  return passed;
}

// Whole process groups, since Chromium is many processes; only those that were started here.
function cleanUp() {
  for (const child of children) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }
  if (options.keep) {
    console.log(`The logs are in ${scratch}`);
  } else {
    rmSync(scratch, {recursive: true, force: true, maxRetries: 20, retryDelay: 100});
  }
}

process.on('exit', cleanUp);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
try {
  process.exit(await main() ? 0 : 1);
} catch (error) {
  console.log(`FAIL: ${error.message}`);
  process.exit(1);
}
