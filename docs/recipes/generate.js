// Writes the reference pages and JSON Schemas of recipes from the tables in recipes/language/schema: `npm run compile && node docs/recipes/generate.js`.
import { writeFileSync } from 'node:fs'
import { generated } from '../../dist/recipes/language/schema/generated.js'

for (const [name, text] of generated()) writeFileSync(new URL(name, import.meta.url), text)
