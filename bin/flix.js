#!/usr/bin/env node
import '../dist/chunks/main.js';
