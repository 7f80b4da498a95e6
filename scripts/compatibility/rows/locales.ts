import type { Row } from '../row.ts';

const packages = (...names: string[]) => names.flatMap(name => ['--package', name]);

/** Programs that convert encodings and use the data of languages. */
export const locales: readonly Row[] = [
  {
    name: 'iconv',
    install: ['libc-bin'],
    vendor: ['/usr/bin/iconv'],
    work: String.raw`printf 'gr\303\274n' | /usr/bin/iconv -f UTF-8 -t ISO-8859-15 | od -c; printf '\346\227\245' | /usr/bin/iconv -f UTF-8 -t EUC-JP | od -c; printf '\303\274' | /usr/bin/iconv -f UTF-8 -t ASCII//TRANSLIT`,
    prints: /g +r +374 +n[^]*306 +374/,
  },
  {
    name: 'gettext',
    install: ['gettext'],
    vendor: packages('gettext'),
    make: String.raw`printf 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\nmsgid "green"\nmsgstr "gr\303\274n"\n' > de.po; echo 'int main() { puts(_("green")); }' > a.c`,
    work: '/usr/bin/msgconv -t ISO-8859-15 de.po -o l.po && /usr/bin/msgfmt -c -v l.po -o de.mo && /usr/bin/msgunfmt de.mo | /usr/bin/msgconv -t UTF-8 && /usr/bin/xgettext -k_ -o - a.c; /usr/bin/msgfilter -i de.po tr a-z A-Z',
    prints: /1 translated[^]*grün[^]*a\.c:1[^]*GR/,
  },
  {
    name: 'aspell',
    install: ['aspell', 'aspell-en'],
    vendor: packages('aspell', 'aspell-en'),
    work: 'echo helllo | /usr/bin/aspell -a -d en',
    prints: /& helllo .*hello/,
  },
  {
    name: 'hunspell',
    releases: ['bookworm'],
    install: ['hunspell', 'hunspell-en-us'],
    vendor: packages('hunspell', 'hunspell-en-us'),
    work: 'echo helllo | /usr/bin/hunspell -a -d en_US',
    prints: /& helllo .*hello/,
  },
  {
    name: 'gawk',
    releases: ['bookworm'],
    install: ['gawk'],
    vendor: packages('gawk'),
    work: `echo grün | /usr/bin/gawk '@load "filefuncs"; { stat("/data", s); print toupper($0), length($0), s["type"] }'`,
    prints: /GRÜN 4 directory/,
  },
];
