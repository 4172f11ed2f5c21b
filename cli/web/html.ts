import type { PageData } from './page-data.ts'
import { pageScript } from './script.ts'
import { style } from './style.ts'

/** The page in one file. It may load nothing: the policy forbids the network even to a page whose escaping had a hole. */
export function pageHtml(data: PageData): string {
  const title = `nacre: last build of ${data.workspace}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeText(title)}</title>
<style>${style}</style>
</head>
<body>
<noscript>This page needs JavaScript; it loads nothing.</noscript>
<script type="application/json" id="data">${escapeJson(JSON.stringify(data))}</script>
<script>
${pageScript()}</script>
</body>
</html>
`
}

export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** A name in the data may hold `</script>` or `<!--`: without the character, no parser sees either. */
export function escapeJson(json: string): string {
  return json.replaceAll('<', '\\u003c')
}
