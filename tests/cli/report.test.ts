import { expect, test } from 'vitest';
import { createRig } from '../rig/rig.ts';

test('a report in place of a folder is refused before the project is read', async () => {
  await using rig = await createRig();
  rig.write({ 'pages/x': '' });
  expect(await rig.pipeline('report', '--out', 'pages').result).toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'error: pages is a folder: name the file to write\n',
  });
});
