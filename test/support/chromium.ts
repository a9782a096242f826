import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const executable = findChromium()

/** Why what needs a browser is skipped, or false where there is one. */
export const noChromium =
  executable === undefined && 'no Chromium on this machine: install one, or name one with CHROMIUM'

/** Without a window; the caller closes it. */
export function launchChromium(): Promise<Browser> {
  // Chromium refuses to run as root with its sandbox.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath: executable ?? '', args })
}

/** The browser that CHROMIUM names, else the first that lies where systems keep them. */
function findChromium(): string | undefined {
  const {
    CHROMIUM,
    PATH = '',
    LOCALAPPDATA = '',
    PROGRAMFILES = '',
    'PROGRAMFILES(X86)': programsX86 = '',
  } = process.env
  if (CHROMIUM) return CHROMIUM
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  const folders = [...PATH.split(delimiter), '/usr/bin', '/snap/bin']
  const places = folders.flatMap((folder) => names.map((name) => join(folder, name)))
  for (const name of ['Google Chrome', 'Chromium']) places.push(`/Applications/${name}.app/Contents/MacOS/${name}`)
  for (const root of [PROGRAMFILES, programsX86, LOCALAPPDATA]) {
    places.push(join(root, 'Google/Chrome/Application/chrome.exe'), join(root, 'Chromium/Application/chrome.exe'))
  }
  return places.find((place) => existsSync(place))
}
