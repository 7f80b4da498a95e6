#!/usr/bin/env node
'use strict';
const path = require('node:path');

try {
  const { run } = require('./chunks.js');
  run(path.join(__dirname, '../dist/flix.mjs'));
} catch (error) {
  if (error.code !== 'EMFILE' && error.code !== 'ENFILE') throw error;
  process.stderr.write('flix: too many open files\n  ulimit -n 1024\n');
  process.exitCode = 5;
}
