#!/usr/bin/env node
'use strict';
const { openBundle } = require('./code-cache.js');

const run = openBundle();
if (run) run(require);
else
  // not a static import, whose failure nothing could catch: the program consists of many files
  import('../dist/chunks/main.js').catch(error => {
    if (error.code !== 'EMFILE' && error.code !== 'ENFILE') throw error;
    process.stderr.write('flix: too many open files\n  ulimit -n 1024\n');
    process.exitCode = 5;
  });
