import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine, ScenarioName } from '../engine.ts'

const reason = 'recipes are only planned here: building 3,400 packages takes hours'
const built: readonly ScenarioName[] = ['cold', 'no-op', 'touch', 'leaf', 'equal', 'root', 'lost', 'restore', 'resume']

/** The distribution as package recipes rather than tasks: what `nacre plan` costs before anything was built. */
export function recipesFor(nacre: Engine): Engine {
  return {
    ...nacre,
    name: `${nacre.name} recipes`,
    shapes: ['packages'],
    cannot: Object.fromEntries(built.map((name) => [name, reason])),
    describe(graph, place) {
      writeFileSync(join(place.work, 'nacre.yaml'), 'recipes: [recipes/*.yaml]\n')
      mkdirSync(join(place.work, 'recipes'))
      graph.needs.forEach((needs, node) => writeFileSync(join(place.work, 'recipes', `p${node}.yaml`), recipe(node, needs)))
    },
  }
}

/** About as long as the usual recipe of a small program. */
function recipe(node: number, needs: readonly number[]): string {
  return `package:
  name: p${node}
  version: 1.${node}.0
  epoch: 0
  description: One of many packages
  url: https://p${node}.example
  copyright:
    - license: MIT
environment:
  contents:
    packages: [${needs.map((need) => `p${need}`).join(', ')}]
pipeline:
  - name: configure
    runs: |
      ./configure --prefix=/usr --sysconfdir=/etc
  - name: build
    runs: |
      make
  - name: install
    runs: |
      make install DESTDIR="\${{targets.destdir}}"
subpackages:
  - name: p${node}-doc
    description: Documentation of p${node}
    pipeline:
      - runs: |
          mkdir -p "\${{targets.subpkgdir}}/usr/share"
          mv "\${{targets.destdir}}/usr/share/man" "\${{targets.subpkgdir}}/usr/share"
test:
  pipeline:
    - runs: p${node} --version
`
}
