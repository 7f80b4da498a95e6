import type { Row } from '../row.ts';

/** A display, which listens on the loopback device. */
const DISPLAY =
  'Xvfb :7 -screen 0 800x600x24 -listen tcp -ac -nolisten unix &\nexport DISPLAY=127.0.0.1:7\nsleep 2\n';
const WAITS =
  'export DISPLAY=127.0.0.1:7; for i in 1 2 3 4 5 6 7 8 9; do nc -z 127.0.0.1 6007 && break; sleep 1; done; ';

/** Programs with windows, on a virtual display. */
export const graphical: readonly Row[] = [
  {
    name: 'zenity',
    install: ['zenity'],
    vendor: ['--package', 'zenity'],
    beside: `${DISPLAY}w=$(xdotool search --sync --onlyvisible --name work-window | head -1); sleep 2; xdotool windowfocus $w; xdotool type 'typed words'; sleep 1; xdotool key Return`,
    work: `${WAITS}/usr/bin/zenity --entry --title=work-window --text=question`,
    prints: /typed words/,
  },
  {
    name: 'featherpad',
    install: ['featherpad'],
    vendor: ['--package', 'featherpad'],
    make: 'echo first > text.txt; chmod 666 text.txt',
    beside: `${DISPLAY}w=$(xdotool search --sync --onlyvisible --name text.txt | head -1); sleep 2; xdotool windowfocus $w; xdotool type 'typed words'; sleep 1; xdotool key ctrl+s; sleep 2; xdotool key ctrl+q; touch finished`,
    work: `${WAITS}/usr/bin/featherpad --standalone /data/text.txt & for i in $(seq 40); do [ -e /data/finished ] && break; sleep 1; done; cat /data/text.txt`,
    prints: /typed words/,
  },
  {
    name: 'xterm',
    releases: ['bookworm'],
    install: ['xterm'],
    vendor: ['--package', 'xterm'],
    beside: `${DISPLAY}w=$(xdotool search --sync --onlyvisible --class xterm | head -1); sleep 2; xdotool windowfocus $w; xdotool type 'typed'; xdotool key Return`,
    work: `${WAITS}/usr/bin/xterm -e /bin/sh -c 'read line; echo got $line > /data/line'; cat /data/line`,
    prints: /got typed/,
  },
];
