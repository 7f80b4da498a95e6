import type { Row } from '../row.ts';

const packages = (...names: string[]) => names.flatMap(name => ['--package', name]);

/** Programs with many libraries and plugins for sounds, pictures and documents. */
export const multimedia: readonly Row[] = [
  {
    name: 'ffmpeg',
    install: ['ffmpeg'],
    vendor: packages('ffmpeg'),
    work: `/usr/bin/ffmpeg -v error -f lavfi -i testsrc=d=1:s=128x96 -f lavfi -i sine=d=1 -vf hue=s=0 -c:v libx264 -c:a libmp3lame out.mkv && /usr/bin/ffprobe -hide_banner out.mkv
/usr/bin/ffmpeg -v error -i out.mkv -c:v libvpx-vp9 -an out.webm && /usr/bin/ffprobe -hide_banner out.webm`,
    prints: /Video: h264[^]*Audio: mp3[^]*Video: vp9/,
  },
  {
    name: 'vlc',
    install: ['vlc-bin', 'vlc-plugin-base', 'sox'],
    vendor: packages('vlc-bin'),
    uid: 1000,
    make: 'sox -n in.wav synth 1 sine 440',
    work: `/usr/bin/cvlc --no-media-library /data/in.wav --sout '#transcode{acodec=flac}:std{access=file,mux=raw,dst=/data/out.flac}' vlc://quit; head -c 4 out.flac`,
    prints: /fLaC/,
  },
  {
    name: 'imagemagick',
    install: ['imagemagick'],
    vendor: packages('imagemagick'),
    work: `/usr/bin/convert -size 64x48 plasma:red-blue -blur 0x2 a.png && for f in jpg gif webp tiff; do /usr/bin/convert a.png -resize 50% a.$f && /usr/bin/identify a.$f || exit 1; done`,
    prints: /JPEG 32x24[^]*GIF 32x24[^]*WEBP 32x24[^]*TIFF 32x24/,
  },
  {
    name: 'graphviz',
    install: ['graphviz'],
    vendor: packages('graphviz'),
    make: `echo 'digraph { a [label=""]; b [label=""]; a -> b }' > g.dot`,
    work: '/usr/bin/dot -Tpng -o g.png g.dot && head -c 4 g.png; /usr/bin/dot -Tsvg g.dot; /usr/bin/neato -Tplain g.dot',
    prints: /PNG[^]*<svg[^]*edge a b/,
  },
  {
    name: 'sox',
    install: ['sox'],
    vendor: packages('sox'),
    work: '/usr/bin/sox -n a.wav synth 1 sine 440 && /usr/bin/sox a.wav a.flac rate 8k && /usr/bin/sox a.flac a.ogg && /usr/bin/soxi a.flac a.ogg',
    prints: /FLAC[^]*Vorbis/,
  },
  {
    name: 'ghostscript',
    install: ['ghostscript'],
    vendor: packages('ghostscript'),
    make: `printf '%%%%!\\n/Helvetica findfont 20 scalefont setfont 10 10 moveto (Hello) show showpage\\n' > a.ps`,
    work: '/usr/bin/gs -q -dNOPAUSE -dBATCH -sDEVICE=png16m -r20 -sOutputFile=a.png a.ps && head -c 4 a.png && /usr/bin/ps2pdf a.ps a.pdf && head -c 5 a.pdf',
    prints: /PNG[^]*%PDF-/,
  },
  {
    name: 'poppler-utils',
    releases: ['bookworm'],
    install: ['poppler-utils', 'ghostscript'],
    vendor: packages('poppler-utils'),
    make: `printf '%%%%!\\n/Helvetica findfont 20 scalefont setfont 10 10 moveto (Hello paper) show showpage\\n' > a.ps && ps2pdf a.ps a.pdf`,
    work: '/usr/bin/pdftotext a.pdf - && /usr/bin/pdftoppm -png -r 20 a.pdf p && head -c 4 p-1.png && /usr/bin/pdffonts a.pdf',
    prints: /Hello paper[^]*PNG[^]*Helvetica/,
  },
  {
    name: 'gstreamer1.0-tools',
    releases: ['bookworm'],
    install: ['gstreamer1.0-tools', 'gstreamer1.0-plugins-base', 'gstreamer1.0-plugins-good'],
    vendor: packages('gstreamer1.0-tools', 'gstreamer1.0-plugins-base', 'gstreamer1.0-plugins-good'),
    work: '/usr/bin/gst-launch-1.0 -q audiotestsrc num-buffers=20 ! audioconvert ! flacenc ! filesink location=/data/a.flac && head -c 4 a.flac',
    prints: /fLaC/,
  },
  {
    name: 'rsvg-convert',
    install: ['librsvg2-bin'],
    vendor: packages('librsvg2-bin'),
    make: `echo '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="9" height="9" fill="red"/><image width="2" height="2" href="data:image/gif;base64,R0lGODlhAQABAIAAAP8AAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=="/></svg>' > a.svg`,
    work: '/usr/bin/rsvg-convert a.svg -o a.png && head -c 4 a.png && /usr/bin/rsvg-convert -f pdf a.svg | head -c 5',
    prints: /PNG[^]*%PDF-/,
  },
];
