#!/usr/bin/env node
'use strict';
const path = require('node:path');

const bundle = path.join(__dirname, '../dist/flix.mjs');

try {
  const { run } = require('./chunks.js');
  run(bundle);
} catch (error) {
  const { code } = error;
  if (code === 'EMFILE' || code === 'ENFILE') {
    process.stderr.write('flix: too many open files\n  ulimit -n 1024\n');
    process.exitCode = 5;
  } else if (code === 'FLIX_OTHER_LAYOUT' || (code === 'ENOENT' && error.path === bundle)) {
    process.stderr.write('flix: dist/flix.mjs is missing or out of date: run npm run build\n');
    process.exitCode = 3;
  } else throw error;
}
