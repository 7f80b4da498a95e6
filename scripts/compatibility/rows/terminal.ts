import type { Row } from '../row.ts';

/** Programs that draw on a terminal. */
export const terminal: readonly Row[] = [
  {
    name: 'btop',
    install: ['btop'],
    vendor: ['--package', 'btop'],
    work: '/usr/bin/btop',
    screens: [[/cpu[^]*mem[^]*proc/, 'q']],
  },
  {
    name: 'tilde',
    releases: ['bookworm'],
    install: ['tilde'],
    vendor: ['--package', 'tilde'],
    work: '/usr/bin/tilde /data/new.txt',
    screens: [
      [/Input Handling/, 'Enter'],
      [/new\.txt/, 'hello', 'C-s'],
      [/hello/, 'C-q'],
    ],
  },
  {
    name: 'vim-nox',
    install: ['vim-nox'],
    vendor: ['--package', 'vim-nox'],
    files: { '/data/f.c': 'int main(void) { return 0; }\n' },
    make: "printf 'int main(void) { return 0; }\\n' > f.c",
    work: '/usr/bin/vim /data/f.c',
    screens: [
      [/int main/, ':echo &filetype exists("g:syntax_on") iconv("x", "latin1", "utf-8")', 'Enter'],
      [/c 1 x/, ':python3 import json; print(json.dumps([6*7]))', 'Enter'],
      [/\[42\]/, ':help options', 'Enter'],
      [/options\.txt/, ':qa!', 'Enter'],
    ],
  },
  {
    name: 'mc',
    // libext2fs2t64 of trixie loads libcom_err.so.2 but does not depend on libcom-err2; krb5-user, a row of its own, does
    install: ['mc', 'krb5-user'],
    vendor: ['--package', 'mc'],
    make: 'echo needle > note.txt',
    work: '/usr/bin/mc -u /data /data',
    screens: [
      [/note\.txt[^]*Quit/, 'F9'],
      [/Left +File +Command/, 'Escape', 'Escape', 'F10'],
    ],
  },
  {
    name: 'less',
    install: ['less'],
    vendor: ['--package', 'less'],
    make: 'seq -f "line %g" 200 > text',
    work: '/usr/bin/less /data/text',
    screens: [
      [/line 20\n/, '/line 150', 'Enter'],
      [/line 150\n/, 'q'],
    ],
  },
  {
    name: 'htop',
    install: ['htop'],
    vendor: ['--package', 'htop'],
    work: '/usr/bin/htop',
    screens: [[/PID[^]*USER[^]*F10/, 'q']],
  },
  {
    name: 'nano',
    install: ['nano'],
    vendor: ['--package', 'nano'],
    work: '/usr/bin/nano /data/new.py && grep "import os" /data/new.py',
    screens: [
      [/GNU nano/, 'import os', 'C-o', 'Enter'],
      [/Wrote 1 line/, 'C-x'],
    ],
  },
  {
    name: 'tmux',
    install: ['tmux'],
    vendor: ['--package', 'tmux'],
    work: `/usr/bin/tmux -S /data/socket -f /dev/null new-session 'echo inside-$((6*7)); read answer; echo $answer > /data/answer'
grep done /data/answer`,
    screens: [[/inside-42/, 'done', 'Enter']],
  },
  {
    name: 'emacs-nox',
    releases: ['bookworm'],
    install: ['emacs-nox'],
    vendor: ['--package', 'emacs-nox'],
    make: 'echo "def f(): pass" > f.py',
    work: '/usr/bin/emacs -nw /data/f.py',
    screens: [
      [/f\.py[^]*Python/, 'M-x', 'calendar', 'Enter'],
      [/Calendar/, 'C-x', 'C-c'],
    ],
  },
  {
    name: 'w3m',
    install: ['w3m'],
    vendor: ['--package', 'w3m'],
    make: 'echo "<h1>Heading</h1><table border=1><tr><td>cell</table>" > page.html',
    work: '/usr/bin/w3m /data/page.html',
    screens: [
      [/Heading[^]*cell/, 'q'],
      [/exit w3m|quit w3m/, 'y'],
    ],
  },
  {
    name: 'lynx',
    releases: ['bookworm'],
    install: ['lynx'],
    vendor: ['--package', 'lynx'],
    make: 'echo "<title>A page</title><h1>Heading</h1><a href=x>link</a>" > page.html',
    work: '/usr/bin/lynx /data/page.html',
    screens: [
      [/Heading[^]*link/, 'q'],
      [/quit/, 'y'],
    ],
  },
  {
    name: 'ncdu',
    install: ['ncdu'],
    vendor: ['--package', 'ncdu'],
    make: 'mkdir d && seq 9999 > d/numbers',
    work: '/usr/bin/ncdu /data',
    screens: [[/\/d\b/, 'q']],
  },
  {
    name: 'neomutt',
    releases: ['bookworm'],
    install: ['neomutt'],
    vendor: ['--package', 'neomutt'],
    make: `printf 'From a@b Mon Jan  1 00:00:00 2024\\nFrom: a@b\\nSubject: =?iso-8859-1?q?gr=FCn?= mail\\n\\nbody text\\n' > mbox`,
    work: "/usr/bin/neomutt -e 'set folder=/data' -f /data/mbox",
    screens: [
      [/grün mail/, 'Enter'],
      [/body text/, 'q'],
      [/grün mail/, 'x'],
    ],
  },
  {
    name: 'zsh',
    releases: ['bookworm'],
    install: ['zsh'],
    vendor: ['--package', 'zsh'],
    work: '/usr/bin/zsh -f',
    screens: [
      [
        /%|#/,
        'autoload -Uz compinit && compinit -u && zmodload zsh/datetime && echo $+functions[compdef]$+EPOCHSECONDS',
        'Enter',
      ],
      [/\n11/, 'exit', 'Enter'],
    ],
  },
];
