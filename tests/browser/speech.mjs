// Makes what the browser's fake microphone plays, over and over: a second of silence, a spoken
// sentence, silence.
import {execFileSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';

const kHeaderBytes = 44;

export function makeMicrophone(path, {text, loopSeconds}) {
  execFileSync('espeak-ng', ['-v', 'en-us', '-w', path, text], {timeout: 20_000});
  const spoken = readFileSync(path);
  const bytesPerSecond = spoken.readUInt32LE(28);
  const speech = spoken.subarray(kHeaderBytes);
  const loop = Buffer.alloc(loopSeconds * bytesPerSecond);
  speech.copy(loop, bytesPerSecond);  // into the second second
  if (bytesPerSecond + speech.length > loop.length) throw new Error('The sentence is too long.');
  const header = Buffer.from(spoken.subarray(0, kHeaderBytes));
  header.writeUInt32LE(kHeaderBytes - 8 + loop.length, 4);
  header.writeUInt32LE(loop.length, 40);
  writeFileSync(path, Buffer.concat([header, loop]));
  return speech.length / bytesPerSecond;
}
