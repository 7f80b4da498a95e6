import { describe, expect, it } from 'vitest';
import { systemdDecision } from '../../src/systemd/decision.ts';
import { parseAssignments } from '../../src/view/os-release.ts';

const debian = 'ID=debian\nVERSION_ID=13\nID_LIKE=gnu';

/** The expected `by` or `rule`, in the order in which systemd checks them; `!` marks a refusal. */
const cases: readonly (readonly [extension: string, host: string, decision: string])[] = [
  ['', debian, 'release-file'],
  ['ID=_any\nSYSEXT_SCOPE=initrd', debian, 'scope'],
  ['ID=_any\nSYSEXT_SCOPE=', debian, 'scope'],
  ['ID=_any\nSYSEXT_SCOPE="initrd system"', debian, 'any'],
  ['SYSEXT_SCOPE=portable\nARCHITECTURE=arm64', debian, 'scope'],
  ['ID=_any\nARCHITECTURE=arm64', debian, 'architecture'],
  ['ARCHITECTURE=arm64', debian, 'architecture'],
  ['ID=_any\nARCHITECTURE=', debian, 'any'],
  ['ID=_any\nARCHITECTURE=_any', debian, 'any'],
  ['ID=_any\nARCHITECTURE=x86-64', debian, 'any'],
  ['VERSION_ID=13', debian, 'no-id'],
  ['ID=\nVERSION_ID=13', debian, 'no-id'],
  ['ID=_any\nVERSION_ID=1\nSYSEXT_LEVEL=1', debian, 'any'],
  ['ID=fedora\nVERSION_ID=13', debian, 'id'],
  ['ID=gnu\nVERSION_ID=13', debian, 'version like'],
  ['ID=debian', 'ID=debian', 'rolling'],
  ['ID=debian\nVERSION_ID=13\nSYSEXT_LEVEL=2', 'ID=debian', 'rolling'],
  ['ID=debian\nSYSEXT_LEVEL=1\nVERSION_ID=1', `${debian}\nSYSEXT_LEVEL=1`, 'level'],
  ['ID=debian\nSYSEXT_LEVEL=2\nVERSION_ID=13', `${debian}\nSYSEXT_LEVEL=1`, 'level!'],
  ['ID=debian\nSYSEXT_LEVEL=2\nVERSION_ID=13', debian, 'version'],
  ['ID=debian\nVERSION_ID=13', `${debian}\nSYSEXT_LEVEL=1`, 'version'],
  ['ID=debian', debian, 'no-version'],
  ['ID=debian\nSYSEXT_LEVEL=1', debian, 'no-version'],
  ['ID=debian\nVERSION_ID=12', debian, 'version!'],
  // extension_release_validate falls through to its end here
  ['ID=debian\nVERSION_ID=12', 'ID=debian\nSYSEXT_LEVEL=1', 'rolling'],
];

describe('systemdDecision', () => {
  it.each(cases)('decides about %j on %j by %s', (extension, host, expected) => {
    const decision = systemdDecision(parseAssignments(extension), parseAssignments(host), 'x86-64');
    const refusals = ['release-file', 'scope', 'architecture', 'no-id', 'id', 'no-version'];
    const [name, like] = expected.replace('!', '').split(' ');
    if (refusals.includes(expected) || expected.endsWith('!'))
      expect(decision).toMatchObject({ accepted: false, rule: name });
    else expect(decision).toEqual({ accepted: true, by: name, like: like !== undefined });
  });

  it('checks the release file alone if the host is unknown', () => {
    expect(systemdDecision(parseAssignments('VERSION_ID=13'), undefined, undefined)).toMatchObject({
      rule: 'no-id',
    });
    expect(systemdDecision(parseAssignments('ID=debian'), undefined, undefined)).toMatchObject({
      by: 'unjudged',
    });
    expect(systemdDecision(undefined, undefined, undefined)).toMatchObject({ rule: 'release-file' });
  });
});
