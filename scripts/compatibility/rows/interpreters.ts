import type { Row } from '../row.ts';

const packages = (...names: string[]) => names.flatMap(name => ['--package', name]);

/** Interpreters, with modules that are shared libraries. */
export const interpreters: readonly Row[] = [
  {
    name: 'python3',
    install: ['python3'],
    vendor: packages('python3'),
    make: `cat > w.py <<'E'
import asyncio, bz2, ctypes, decimal, email, hashlib, json, lzma, multiprocessing, sqlite3, ssl, subprocess, unicodedata, zoneinfo
def f(n): return n * 2
if __name__ == '__main__':
    db = sqlite3.connect(':memory:')
    print(db.execute('select 6 * 7').fetchone(), ssl.create_default_context().protocol, lzma.decompress(lzma.compress(b'x')))
    with multiprocessing.Pool(2) as pool: print(sum(pool.map(f, range(5))))
    print('grün'.encode('utf-7'), 'ab'.encode('cp1252'), hashlib.sha3_256(b'x').hexdigest()[:4], unicodedata.name('ä'))
    print(subprocess.run(['sh', '-c', 'echo child'], capture_output=True, text=True).stdout)
E`,
    work: '/usr/bin/python3 /data/w.py',
    prints: /\(42,\)[^]*20[^]*LATIN SMALL LETTER A WITH DIAERESIS[^]*child/,
  },
  {
    name: 'python3 with numpy and lxml',
    install: ['python3', 'python3-numpy', 'python3-lxml'],
    vendor: packages('python3', 'python3-numpy', 'python3-lxml'),
    work: `/usr/bin/python3 -c '
import numpy as np
from lxml import etree
a = np.arange(9.0).reshape(3, 3) + np.eye(3)
print(round(np.linalg.det(np.linalg.inv(a) @ a)), np.fft.fft(np.ones(4))[0].real, np.random.default_rng(1).integers(5, size=2).size)
print(etree.XSLT(etree.XML("<xsl:stylesheet version=\\"1.0\\" xmlns:xsl=\\"http://www.w3.org/1999/XSL/Transform\\"><xsl:template match=\\"/\\"><o><xsl:value-of select=\\"//b\\"/></o></xsl:template></xsl:stylesheet>"))(etree.XML("<a><b>found</b></a>")))'`,
    prints: /1 4\.0 2[^]*<o>found<\/o>/,
  },
  {
    name: 'perl with DBD::SQLite and XML::LibXML',
    install: ['perl', 'libdbd-sqlite3-perl', 'libxml-libxml-perl'],
    vendor: packages('perl', 'libdbd-sqlite3-perl', 'libxml-libxml-perl'),
    work: `/usr/bin/perl -MDBI -MXML::LibXML -MEncode -MJSON::PP -MStorable -MPOSIX=strftime -MTime::HiRes -MUnicode::Normalize -e '
my $d = DBI->connect("dbi:SQLite::memory:"); print $d->selectrow_array("select 6*7"), "\\n";
print XML::LibXML->load_xml(string => "<a><b>found</b></a>")->findvalue("//b"), "\\n";
print encode("iso-8859-15", decode("UTF-8", "x")), length(NFD("\\x{e4}")), encode_json([1]), "\\n"'`,
    prints: /42\nfound\nx2\[1\]/,
  },
  {
    name: 'ruby with nokogiri',
    install: ['ruby', 'ruby-nokogiri'],
    vendor: packages('ruby', 'ruby-nokogiri'),
    work: `/usr/bin/ruby -e 'require "nokogiri"; require "json"; require "openssl"; require "zlib"; require "erb"; require "date"
puts Nokogiri::XML("<a><b>found</b></a>").at("b").text, JSON.generate([6*7]), OpenSSL::Digest::SHA256.hexdigest("x")[0,6], Zlib.inflate(Zlib.deflate("z")), ERB.new("<%= 1 %>").result, "ä".encode("ISO-8859-1").bytesize'`,
    prints: /found\n\[42\]\n2d7116\nz\n1\n1/,
  },
  {
    name: 'php with sqlite3, xml and mbstring',
    install: ['php-cli', 'php-sqlite3', 'php-xml', 'php-mbstring'],
    vendor: packages('php-cli', 'php-sqlite3', 'php-xml', 'php-mbstring'),
    work: `/usr/bin/php -r '$d = new SQLite3(":memory:"); echo $d->querySingle("select 6*7"), "\\n", simplexml_load_string("<a><b>found</b></a>")->b, "\\n", mb_strtoupper("ä"), json_encode([1]), iconv("UTF-8", "ISO-8859-1", "x"), "\\n"; echo date_default_timezone_get(), strlen(openssl_random_pseudo_bytes(4));'`,
    prints: /42\nfound\nÄ\[1\]x\nUTC4/,
  },
  {
    name: 'lua with cjson and lpeg',
    install: ['lua5.4', 'lua-cjson', 'lua-lpeg'],
    vendor: packages('lua5.4', 'lua-cjson', 'lua-lpeg'),
    work: `/usr/bin/lua5.4 -e 'local c = require "cjson"; local l = require "lpeg"; print(c.encode({6*7}), l.match(l.R("09")^1, "123x"))'`,
    prints: /\[42\]\s+4/,
  },
  {
    name: 'nodejs',
    install: ['nodejs'],
    vendor: packages('nodejs'),
    work: `/usr/bin/node -e 'const c = require("crypto"), z = require("zlib"), http = require("http");
console.log(c.createHash("sha256").update("x").digest("hex").slice(0, 6), z.brotliDecompressSync(z.brotliCompressSync("b")).toString(), new Intl.NumberFormat("de").format(1234.5), new Date(0).toLocaleDateString("fr", {month: "long", timeZone: "UTC"}));
const s = http.createServer((q, r) => r.end("served")).listen(8080, () => fetch("http://127.0.0.1:8080").then(r => r.text()).then(t => { console.log(t); s.close(); process.exit(0) }))'`,
    prints: /2d7116 b 1\.234,5 janvier\nserved/,
  },
  {
    name: 'openjdk-jre-headless',
    releases: ['bookworm'],
    install: ['openjdk-17-jre-headless'],
    vendor: packages('openjdk-17-jre-headless'),
    work: `K=$(echo /usr/lib/jvm/java-17-openjdk-*/bin/keytool)
$K -genkeypair -alias a -dname CN=example -storepass changeit -keystore /data/k.p12 -keyalg EC && $K -list -v -storepass changeit -keystore /data/k.p12`,
    prints: /Owner: CN=example/,
  },
  {
    name: 'openjdk-jre-headless',
    releases: ['trixie'],
    install: ['openjdk-21-jre-headless'],
    vendor: packages('openjdk-21-jre-headless'),
    work: `J=$(echo /usr/lib/jvm/java-21-openjdk-*/bin)
$J/keytool -genkeypair -alias a -dname CN=example -storepass changeit -keystore /data/k.p12 -keyalg EC && $J/keytool -list -v -storepass changeit -keystore /data/k.p12
mkdir www; echo a page > www/index.html; $J/java -m jdk.httpserver -p 8080 -d /data/www > /data/log 2>&1 & for i in $(seq 30); do wget -qO- http://127.0.0.1:8080/ && break; sleep 1; done`,
    prints: /Owner: CN=example[^]*a page/,
  },
  {
    name: 'tcl',
    install: ['tcl'],
    vendor: packages('tcl'),
    make: `printf 'package require http\\npackage require msgcat\\nputs [clock format 0 -gmt 1 -format %%Y-%%m-%%d]\\nputs [string length [encoding convertto iso8859-15 x]][encoding convertfrom shiftjis a]\\nputs [package versions http]\\n' > w.tcl`,
    work: '/usr/bin/tclsh /data/w.tcl',
    prints: /1970-01-01\n1a\n2\./,
  },
  {
    name: 'guile',
    releases: ['bookworm'],
    install: ['guile-3.0'],
    vendor: packages('guile-3.0'),
    work: `/usr/bin/guile -c '(use-modules (srfi srfi-1) (ice-9 regex) (sxml simple)) (display (fold + 0 (iota 10))) (newline) (sxml->xml (quote (a "b")))'`,
    prints: /45\n<a>b<\/a>/,
  },
];
