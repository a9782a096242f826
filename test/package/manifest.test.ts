import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { npm, root } from './packed.ts'

describe('the package.json that is published', () => {
  let copy = ''
  const manifest = () => readFileSync(join(copy, 'package.json'), 'utf8')
  const write = (text: string) => writeFileSync(join(copy, 'package.json'), text)
  const isKept = () => existsSync(join(copy, '.tmp-package.json'))
  const ask = (word: string) => {
    const script = join(copy, 'scripts', 'package-manifest.ts')
    const { status, stderr } = spawnSync(process.execPath, [script, word], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    return stderr
  }
  /** A change that somebody makes. */
  const edited = (text: string) => text.replace('"version": "', '"version": "1')
  const worked = readFileSync(join(root, 'package.json'), 'utf8')

  beforeEach(() => {
    copy = mkdtempSync(join(root, '.tmp-manifest-'))
    for (const name of ['package.json', 'scripts']) cpSync(join(root, name), join(copy, name), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction')
  })
  afterEach(() => rmSync(copy, { recursive: true, force: true }))

  test('goes when the tarball is made, and also when a pack before was cut off', () => {
    ask('publish')
    const published = manifest()
    assert.notEqual(published, worked)
    ask('publish')
    assert.equal(manifest(), published)
    ask('restore')
    assert.equal(manifest(), worked)
    assert.equal(isKept(), false)
  })

  test('has npm put back the other at the next pack, before it builds', () => {
    ask('publish')
    const { scripts } = JSON.parse(manifest())
    assert.match(scripts.prepack, /^node scripts\/package-manifest\.ts restore && npm run build && /)
    assert.equal(scripts.postpack, JSON.parse(worked).scripts.postpack)
    assert.equal(scripts.prepublishOnly, JSON.parse(worked).scripts.prepublishOnly)
  })

  test('is not put right over what was written since: neither over the one that is worked with nor over itself', () => {
    ask('publish')
    write(edited(worked))
    assert.match(ask('restore'), /has changed since/)
    assert.equal(manifest(), edited(worked))
    assert.equal(isKept(), false)
    ask('publish')
    const published = manifest()
    write(edited(published))
    assert.match(ask('restore'), /has changed since/)
    assert.equal(manifest(), edited(published))
    assert.equal(isKept(), false)
  })

  test('is written whole or not at all, and so is the kept one', () => {
    mkdirSync(join(copy, '.tmp-package.json.part'))
    assert.throws(() => ask('publish'), /EISDIR/)
    assert.equal(manifest(), worked)
    assert.equal(isKept(), false)
  })

  test('is what the registry gets: npm publish from the folder, which would send the other, is refused', async () => {
    // Neither the dry run nor an address where nobody listens would publish anything.
    const words = ['publish', '--dry-run', '--registry', 'http://127.0.0.1:9']
    for (const word of ['restore', 'publish']) {
      ask(word)
      await assert.rejects(npm(words, copy), { stderr: /Nothing is published from the folder: npm pack, then/ })
    }
  })
})
