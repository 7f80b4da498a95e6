import { describe, expect, it } from 'vitest';
import { moduleNeeds } from '../../src/needs/modules.ts';
import { scratch } from '../io/scratch.ts';
import { base, type Files, program, rootAt } from '../plan/plan.ts';

const at = scratch();

/** What a script of an interpreter needs, as `PATH (EVIDENCE)`. */
function needsOf(interpreter: string, script: string, files: Files, path = '/usr/bin/script'): string[] {
  const view = rootAt(at('root'), {
    ...base,
    [interpreter]: program(),
    [path]: { text: `#!${interpreter}\n${script}` },
    ...files,
  });
  return moduleNeeds(view, path, view)
    .map(({ what, evidence: { file, text, line } }) => `${what} (${text} in ${file}:${line})`)
    .sort();
}

const text = (content = ''): Files[string] => ({ text: content });

describe('the modules of a Ruby script', () => {
  const VENDOR = '/usr/lib/ruby/vendor_ruby';
  const GEMS = '/usr/share/rubygems-integration/all';

  it('are libraries and gems that it loads, directly or not, with the gems on which those depend', () => {
    expect(
      needsOf('/usr/bin/ruby3.1', "require 'json'\n  require('net/ssh') if true\nautoload :Ox, 'ox/all'\n", {
        [`${VENDOR}/net/ssh.rb`]: text("require 'jaro'\n"),
        [`${VENDOR}/other.rb`]: text(),
        [`${GEMS}/gems/net-ftp-1.0/lib/net/ftp.rb`]: text(),
        [`${GEMS}/gems/ox-2.0/lib/ox/all.rb`]: text(),
        [`${GEMS}/specifications/ox-2.0.gemspec`]: text(
          's.add_runtime_dependency(%q<racc>.freeze, ["~> 1.4"])',
        ),
        [`${GEMS}/specifications/racc-1.6.gemspec`]: text(),
        [`${GEMS}/specifications/unused-1.6.gemspec`]: text(),
        '/usr/lib/x86_64-linux-gnu/ruby/vendor_ruby/3.1.0/jaro.so': text(),
      }),
    ).toEqual([
      `${VENDOR}/net (net/ssh in /usr/bin/script:3)`,
      `/usr/lib/x86_64-linux-gnu/ruby/vendor_ruby/3.1.0/jaro.so (jaro in ${VENDOR}/net/ssh.rb:1)`,
      `${GEMS}/gems/ox-2.0 (ox/all in /usr/bin/script:4)`,
      `${GEMS}/specifications/ox-2.0.gemspec (ox/all in /usr/bin/script:4)`,
      `${GEMS}/specifications/racc-1.6.gemspec (racc in ${GEMS}/specifications/ox-2.0.gemspec:1)`,
    ]);
  });

  it('include the machine code of a gem, and nothing that only comments and the manual name', () => {
    const place = '/usr/lib/x86_64-linux-gnu/rubygems-integration/3.1.0';
    const script =
      "# require 'no'\n=begin\nrequire 'no'\n=end\nx = 'require'\ngem \"nokogiri\"\n__END__\nrequire 'no'\n";
    expect(
      needsOf('/usr/bin/ruby3.1', script, {
        [`${place}/gems/nokogiri-1.13.10/lib/nokogiri.rb`]: text(),
        [`${place}/specifications/nokogiri-1.13.10.gemspec`]: text(),
        [`${place}/extensions/x86_64-linux/3.1.0/nokogiri-1.13.10/gem.build_complete`]: text(),
        [`${VENDOR}/no.rb`]: text(),
      }).map(line => line.split(' (')[0]),
    ).toEqual([
      `${place}/extensions/x86_64-linux/3.1.0/nokogiri-1.13.10`,
      `${place}/gems/nokogiri-1.13.10`,
      `${place}/specifications/nokogiri-1.13.10.gemspec`,
    ]);
  });
});

describe('the modules of a Lua script', () => {
  const files: Files = {
    '/usr/share/lua/5.4/socket.lua': text("local core = require'socket.core'"),
    '/usr/lib/x86_64-linux-gnu/lua/5.4/socket/core.so': text(),
    '/usr/lib/x86_64-linux-gnu/lua/5.4/lfs.so': text(),
    '/usr/share/lua/5.4/no.lua': text(),
    '/usr/share/lua/5.1/lfs.lua': text(),
  };
  const script =
    'local lfs = require "lfs"\n-- require "no"\nlocal s = require([[socket]])\nrequires("no")\n';

  it('are those of its version', () => {
    expect(needsOf('/usr/bin/lua5.4', script, files)).toEqual([
      '/usr/lib/x86_64-linux-gnu/lua/5.4/lfs.so (lfs in /usr/bin/script:2)',
      '/usr/lib/x86_64-linux-gnu/lua/5.4/socket (socket in /usr/bin/script:4)',
      '/usr/share/lua/5.4/socket.lua (socket in /usr/bin/script:4)',
    ]);
  });

  it('are those of Lua 5.1 for LuaJIT', () => {
    expect(needsOf('/usr/bin/luajit-2.1.0-beta3', script, files)).toEqual([
      '/usr/share/lua/5.1/lfs.lua (lfs in /usr/bin/script:2)',
    ]);
  });
});

describe('the modules of a Node script', () => {
  const PLACE = '/usr/share/nodejs';

  it('are packages that it loads in either way, with their dependencies', () => {
    const script = [
      "const a = require('a'), own = require('./no');",
      "import b from '@scope/b/sub.js';",
      "const c = await import('c');",
      "// require('no')",
      "import fs from 'node:fs'; require(name); const text = 'from no';",
    ].join('\n');
    const packages = Object.fromEntries(
      ['a', '@scope/b', 'c', 'd', 'no', 'node'].map(name => [`${PLACE}/${name}/index.js`, text()]),
    );
    expect(
      needsOf('/usr/bin/node', script, {
        ...packages,
        [`${PLACE}/c/package.json`]: text('{"dependencies": {"d": "1"}, "devDependencies": {"no": "1"}}'),
        [`${PLACE}/a/package.json`]: text('{"dependencies": 5'),
      }),
    ).toEqual([
      `${PLACE}/@scope/b (@scope/b in /usr/bin/script:3)`,
      `${PLACE}/a (a in /usr/bin/script:2)`,
      `${PLACE}/c (c in /usr/bin/script:4)`,
      `${PLACE}/d (d in ${PLACE}/c/package.json:0)`,
    ]);
  });

  it('include the package to which the script belongs', () => {
    const path = `${PLACE}/@scope/tool/bin/tool`;
    expect(
      needsOf(
        '/usr/bin/node',
        "require('../lib/main')",
        { [`${PLACE}/@scope/tool/lib/main.js`]: text() },
        path,
      ),
    ).toEqual([`${PLACE}/@scope/tool (@scope/tool in ${path}:0)`]);
  });
});
