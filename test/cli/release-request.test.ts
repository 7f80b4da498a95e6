import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostRelease, releaseRequest } from '../../src/cli/release-request.ts';
import { extensionRules } from '../../src/systemd/extension-type.ts';
import { scratch } from '../io/scratch.ts';

const at = scratch();
const { sysext, confext } = extensionRules;

function releaseOfHostWith(text: string) {
  fs.mkdirSync(path.dirname(at('host/usr/lib/os-release')), { recursive: true });
  fs.writeFileSync(at('host/usr/lib/os-release'), text);
  return hostRelease(at('host'));
}

describe('releaseRequest', () => {
  it('takes the level that the host has for extensions of this type', () => {
    const host = releaseOfHostWith('ID=lab\nVERSION_ID=3\nSYSEXT_LEVEL=1\nCONFEXT_LEVEL=2\n');
    expect(releaseRequest({}, host, sysext)).toEqual({ id: 'lab', level: '1' });
    expect(releaseRequest({}, host, confext)).toEqual({ id: 'lab', level: '2' });
  });

  it('takes the version where the host has no such level', () => {
    const host = releaseOfHostWith('ID=lab\nVERSION_ID=3\nSYSEXT_LEVEL=1\n');
    expect(releaseRequest({}, host, confext)).toEqual({ id: 'lab', versionId: '3' });
  });
});
