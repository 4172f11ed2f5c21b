import type { Diagnostic } from '../../base/diagnostic.ts'
import type { NodeId } from '../../base/ids.ts'
import type { Action } from '../../engine/action.ts'
import type { Task } from '../language/schema/task.ts'
import type { Target } from '../workspace/workspace.ts'
import { type ActionsOf, type Catalogue, recipeNode } from './catalogue.ts'
import { imageActions, imageNode } from './image-actions.ts'
import type { PlannedImage } from './planned-image.ts'
import type { TaskPlan } from './task-plan.ts'

export interface Request {
  readonly wants: readonly NodeId[]
  readonly actions: readonly Action[]
}

/** What can be made of a workspace on one architecture, and how. */
export class Plan {
  readonly catalogue: Catalogue
  readonly images: readonly PlannedImage[]
  /** The actions of a recipe, made once. */
  readonly actionsOf: ActionsOf

  readonly tasks: TaskPlan

  constructor(parts: { readonly catalogue: Catalogue; readonly images: readonly PlannedImage[]; readonly actionsOf: ActionsOf; readonly tasks: TaskPlan }) {
    this.catalogue = parts.catalogue
    this.images = parts.images
    this.actionsOf = parts.actionsOf
    this.tasks = parts.tasks
  }

  /** Everything but what is imported: that is made when something needs it. */
  all(): readonly Target[] {
    return [...this.catalogue.origins.map((name): Target => ({ kind: 'package', name })), ...this.images.map((image): Target => ({ kind: 'image', name: image.name })), ...this.tasks.names().map((name): Target => ({ kind: 'task', name }))]
  }

  names(): Readonly<Record<Target['kind'], readonly string[]>> {
    return { package: [...this.catalogue.names()], image: this.images.map((image) => image.name), task: this.tasks.names() }
  }

  /** What wanted tasks, and the tasks that they need, name and is not there: told before anything runs. */
  complaints(targets: readonly Target[]): readonly Diagnostic[] {
    return this.tasks.complaints(tasksAmong(targets))
  }

  /** All targets at once: tasks that many of them need are named once. */
  requestAll(targets: readonly Target[], what: 'build' | 'test'): Request {
    const requests = targets.filter((target) => target.kind !== 'task').map((target) => this.request(target, what))
    const all = what === 'test' ? requests : [...requests, this.tasks.request(tasksAmong(targets))]
    return { wants: all.flatMap((request) => request.wants), actions: all.flatMap((request) => request.actions) }
  }

  /** Each target by itself, but that a task which several need is told with the first: among thousands of targets that matters. */
  *requestEach(targets: Iterable<Target>, what: 'build' | 'test'): Iterable<readonly [Target, Request]> {
    const tasks = new Set<Task>()
    for (const target of targets) yield [target, target.kind === 'task' && what === 'build' ? this.tasks.request([target.name], tasks) : this.request(target, what)]
  }

  /** Nodes that a target stands for, and the actions to begin with; the graph grows by the rest. */
  request(target: Target, what: 'build' | 'test'): Request {
    switch (target.kind) {
      case 'package':
        return this.#package(target.name, what)
      case 'image': {
        const image = this.images.find((each) => each.name === target.name)
        if (image === undefined) return { wants: [], actions: [] }
        const tests = image.checks.length > 0 ? [imageNode(image, 'test')] : []
        return { wants: what === 'test' ? tests : [imageNode(image, 'layout'), ...tests], actions: imageActions(image) }
      }
      case 'task':
        return what === 'test' ? { wants: [], actions: [] } : this.tasks.request([target.name])
    }
  }

  /** A recipe's name stands for all of its packages, a subpackage's for itself. */
  #package(name: string, what: 'build' | 'test'): Request {
    const provider = this.catalogue.get(name)
    if (provider === undefined) return { wants: [], actions: [] }
    const { recipe } = provider
    const packages = recipe.origin === name ? recipe.packages : [provider.package]
    const tests = packages.filter((pkg) => pkg.test !== undefined).map((pkg) => recipeNode(recipe, `test/${pkg.name}`))
    const packs = recipe.bootstrap ? [recipeNode(recipe, 'describe')] : packages.map((pkg) => recipeNode(recipe, `pack/${pkg.name}`))
    return { wants: what === 'test' ? tests : [...packs, ...tests], actions: this.actionsOf(recipe) }
  }
}

function tasksAmong(targets: readonly Target[]): readonly string[] {
  return targets.filter((target) => target.kind === 'task').map((target) => target.name)
}
