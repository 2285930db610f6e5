// SPDX-License-Identifier: Apache-2.0
// Runs the npm package @vladmandic/face-api in its own environment: pictures in, answers out.
//
//     node npm_package.js NODE_MODULES {crop | ssd | tiny SIDE} [landmarks]
//
// `ssd` and `tiny` are its two detectors on the whole picture (SIDE is the tiny one's input, one of
// its documented sizes); `landmarks` aligns the face with its 68-point network before the age and
// gender network sees it; `crop` is that network alone, on a face that was cut out already. All by
// the calls that its README and demos show, on TensorFlow.js's WebAssembly backend (SIMD, one
// thread). benchmarks/peers/wire.py tells the wire.
'use strict';
const fs = require('fs');
const path = require('path');

const [modules, mode, ...rest] = process.argv.slice(2);
const landmarks = rest.includes('landmarks');
const installed = (name) => path.join(modules, name);
console.log = console.error; // standard output is the wire
console.info = console.error;

const tf = require(installed('@tensorflow/tfjs'));
const wasm = require(installed('@tensorflow/tfjs-backend-wasm'));
const faceapi = require(installed('@vladmandic/face-api/dist/face-api.node-wasm.js'));

function read(bytes) {
  const buffer = Buffer.allocUnsafe(bytes);
  for (let had = 0; had < bytes;) {
    const n = fs.readSync(0, buffer, had, bytes - had, null);
    if (n === 0) return null;
    had += n;
  }
  return buffer;
}

const write = (message) => fs.writeSync(1, `${JSON.stringify(message)}\n`);

async function load() {
  // The build with threads does not start in node 20, and one thread is what is asked for.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  wasm.setThreadsCount(1);
  wasm.setWasmPaths(installed('@tensorflow/tfjs-backend-wasm/dist/'));
  if (!await tf.setBackend('wasm')) throw new Error('the wasm backend does not start here');
  await tf.ready();
  const models = installed('@vladmandic/face-api/model');
  await faceapi.nets.ageGenderNet.loadFromDisk(models);
  if (mode === 'ssd') await faceapi.nets.ssdMobilenetv1.loadFromDisk(models);
  if (mode === 'tiny') await faceapi.nets.tinyFaceDetector.loadFromDisk(models);
  if (landmarks) await faceapi.nets.faceLandmark68Net.loadFromDisk(models);
  return tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
}

function detectorOptions() {
  // 0.1 is what its author's demos ask for; a lower threshold than the default finds more faces.
  return mode === 'ssd'
    ? new faceapi.SsdMobilenetv1Options({ minConfidence: 0.1, maxResults: 10 })
    : new faceapi.TinyFaceDetectorOptions({ inputSize: Number(rest[0]), scoreThreshold: 0.1 });
}

async function whole(tensor) {
  let task = faceapi.detectSingleFace(tensor, detectorOptions());
  if (landmarks) task = task.withFaceLandmarks();
  const found = await task.withAgeAndGender();
  return found ? found.gender : null;
}

const crop = async (tensor) => (await faceapi.nets.ageGenderNet.predictAgeAndGender(tensor)).gender;

async function main() {
  const simd = await load();
  const answer = mode === 'crop' ? crop : whole;
  write({ runtime: `node ${process.versions.node}, tfjs ${tf.version_core} ${tf.getBackend()}`, simd });
  for (let head = read(8); head; head = read(8)) {
    const shape = [head.readUInt32LE(0), head.readUInt32LE(4), 3];
    const pixels = read(shape[0] * shape[1] * 3);
    const cpu = process.cpuUsage();
    const begun = performance.now();
    const tensor = tf.tensor3d(pixels, shape, 'int32');
    const label = await answer(tensor);
    tensor.dispose();
    const ms = performance.now() - begun;
    const used = process.cpuUsage(cpu);
    write({ label, ms, cpu_ms: (used.user + used.system) / 1e3 });
  }
}

main().catch((error) => { console.error(error); process.exit(1); });
