import { describe, expect, it } from 'vitest';
import { run } from '../../src/io/spawn.ts';

describe('run', () => {
  it('returns the output of the tool as text or bytes', async () => {
    expect(await run('cat', [], { input: 'é' })).toEqual({ stdout: 'é', stderr: '', exitCode: 0 });
    const { stdout } = await run('cat', [], { input: Uint8Array.of(0xff, 0), output: 'bytes' });
    expect([...stdout]).toEqual([0xff, 0]);
  });

  it('passes arguments unchanged, without a shell', async () => {
    const odd = 'a b\n$(id) \'"*';
    expect((await run('printf', ['%s', odd])).stdout).toBe(odd);
  });

  it('shields the tool from the caller’s environment', async () => {
    process.env['LC_ALL'] = 'tr_TR.UTF-8';
    process.env['LD_LIBRARY_PATH'] = '/nowhere';
    const { stdout } = await run('env', [], { env: { SOURCE_DATE_EPOCH: '7' } });
    delete process.env['LC_ALL'];
    delete process.env['LD_LIBRARY_PATH'];
    expect(stdout).toMatch(/^LC_ALL=C$/m);
    expect(stdout).toMatch(/^SOURCE_DATE_EPOCH=7$/m);
    expect(stdout).not.toContain('LD_LIBRARY_PATH');
  });

  it('names the package of a tool that is missing', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = '/nowhere';
    const failure = run('patchelf', []);
    await expect(failure).rejects.toMatchObject({ kind: 'missing', code: 'missing-tool' });
    await expect(failure).rejects.toMatchObject({ fix: expect.stringContaining('apk add patchelf') });
    process.env['PATH'] = path;
  });

  it('does not report a missing working directory as a missing tool', async () => {
    await expect(run('true', [], { cwd: '/nowhere' })).rejects.toMatchObject({ code: 'tool-failed' });
  });

  it('shows the last lines of a failed tool, unless failure is allowed', async () => {
    const script = ['-c', 'seq 100 >&2; exit 3'];
    const lines = Array.from({ length: 8 }, (_, i) => `  ${93 + i}`).join('\n');
    await expect(run('sh', script)).rejects.toThrow(`sh failed (exit status 3):\n${lines}`);
    expect((await run('sh', script, { allowFailure: true })).exitCode).toBe(3);
  });

  it('terminates a tool that takes too long, and names a signal', async () => {
    await expect(run('sleep', ['30'], { timeoutMs: 100 })).rejects.toMatchObject({ code: 'tool-timeout' });
    await expect(run('sh', ['-c', 'kill -9 $$'], { allowFailure: true })).rejects.toThrow('SIGKILL');
  });

  it('treats a confined tool like any other', async () => {
    const confined = { confined: true };
    const script = ['-c', 'echo out; echo err >&2; exit 3'];
    expect(await run('sh', script, { ...confined, allowFailure: true })).toEqual({
      stdout: 'out\n',
      stderr: 'err\n',
      exitCode: 3,
    });
    await expect(run('sh', script, confined)).rejects.toThrow('sh failed (exit status 3):\n  err');
    await expect(run('no-such-tool', [], confined)).rejects.toMatchObject({ code: 'missing-tool' });
    const slow = run('sleep', ['30'], { ...confined, timeoutMs: 100 });
    await expect(slow).rejects.toMatchObject({ code: 'tool-timeout' });
    await expect(run('sh', ['-c', 'kill -9 $$'], confined)).rejects.toThrow('SIGKILL');
  });
});
