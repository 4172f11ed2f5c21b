#!/usr/bin/env node
import { createRequire } from 'node:module'

createRequire(import.meta.url)('./nacre.cjs').load('nacre.cjs')
