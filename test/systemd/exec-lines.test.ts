import { describe, expect, it } from 'vitest';
import { unitPrograms } from '../../src/systemd/exec-lines.ts';

const units: readonly {
  readonly name: string;
  readonly text: string;
  readonly programs: readonly string[];
}[] = [
  {
    name: 'lists each program once, from every kind of Exec line',
    text: 'ExecStartPre=/bin/a\nExecStart=/bin/b x\nExecReload=/bin/a -s\nExecStop = /bin/c\nExecCondition=/bin/d\nExecStopPost=/bin/e',
    programs: ['/bin/a', '/bin/b', '/bin/c', '/bin/d', '/bin/e'],
  },
  {
    name: 'finds none in other settings and in comments',
    text: 'ExecSearchPath=/opt/bin\nExecPaths=/x\n#ExecStart=/y\nWants=ExecStart=/z',
    programs: [],
  },
  {
    name: 'strips the prefixes of a command',
    text: 'ExecStart=-@/bin/a argv0\nExecStart=!!/bin/b\nExecStart=+:/bin/c\nExecStart=|/bin/d',
    programs: ['/bin/a', '/bin/b', '/bin/c', '/bin/d'],
  },
  {
    name: 'keeps an escape whose number is no character',
    text: 'ExecStart=/bin/a\\Uffffffff',
    programs: ['/bin/a\\Uffffffff'],
  },
  {
    name: 'undoes quotes and escapes',
    text: `ExecStart="/opt/a b/c" 'x ; y'\nExecStart='/opt/d'\\x20e f\nExecStart=-"/opt/\\"g"`,
    programs: ['/opt/a b/c', '/opt/d e', '/opt/"g'],
  },
  {
    name: 'finds the program of each command of a line',
    text: 'ExecStart=/bin/a 1 ; /bin/b \\; 2 ;',
    programs: ['/bin/a', '/bin/b'],
  },
  {
    name: 'reads continued lines, and skips the comments between them',
    text: 'ExecStart=\\\n# a comment\n  /bin/a ; \\\n ;another\n  /bin/b',
    programs: ['/bin/a', '/bin/b'],
  },
  {
    name: 'leaves out commands that an empty value resets',
    text: 'ExecStartPre=/bin/p\nExecStart=/bin/a\nExecStart=\nExecStart=/bin/b',
    programs: ['/bin/p', '/bin/b'],
  },
  {
    name: 'leaves out programs whose names contain specifiers',
    text: 'ExecStart=%h/bin/a\nExecStart=/bin/50%%',
    programs: ['/bin/50%'],
  },
  {
    name: 'keeps a program that is given by name only',
    text: 'ExecStart=nginx -g "daemon off;"',
    programs: ['nginx'],
  },
];

describe('unitPrograms', () => {
  it.each(units)('$name', ({ text, programs }) => {
    expect(unitPrograms(`[Service]\n${text}\n`)).toEqual(programs);
  });
});
