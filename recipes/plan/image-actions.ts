import type { NodeId } from '../../base/ids.ts'
import { nodeId } from '../../base/ids.ts'
import type { Action } from '../../engine/action.ts'
import { environmentAction } from '../kinds/environment.ts'
import { imageAction } from '../kinds/image.ts'
import { imageLockAction } from '../kinds/image-lock.ts'
import { imagePlanAction } from '../kinds/image-plan.ts'
import { imageRootAction } from '../kinds/image-root.ts'
import { imageTestAction } from '../kinds/image-test.ts'
import type { PlannedImage } from './planned-image.ts'

export function imageNode(image: PlannedImage, step: 'lock' | 'plan' | 'root' | 'layout' | 'under' | 'test'): NodeId {
  return nodeId(`image:${image.name}/${step}`)
}

/** Choose packages, compose, put together, test; the layers between them are asked for once they are known. The root is made for who runs it. */
export function imageActions(image: PlannedImage): readonly Action[] {
  const { name, arch, config, sourceDateEpoch } = image
  const spec = { name, arch, config, sourceDateEpoch }
  const lock = imageLockAction({ id: imageNode(image, 'lock'), name, world: config.contents?.packages ?? [], arch })
  const plan = imagePlanAction(imageNode(image, 'plan'), lock.id, spec)
  const root = imageRootAction(imageNode(image, 'root'), lock.id, spec)
  const layout = imageAction(imageNode(image, 'layout'), { lock: lock.id, plan: plan.id }, { name, arch, created: sourceDateEpoch })
  return [lock, plan, root, layout, ...(image.checks.length > 0 ? testActions(image, { image: layout.id, root: root.id }) : [])]
}

function testActions(image: PlannedImage, made: { readonly image: NodeId; readonly root: NodeId }): readonly Action[] {
  const { name, arch, checks, checkedWith } = image
  const under = environmentAction(imageNode(image, 'under'), checkedWith, arch)
  const order = { ...made, id: imageNode(image, 'test'), name, checks }
  return checkedWith.length === 0 ? [imageTestAction(order)] : [under, imageTestAction({ ...order, under: under.id })]
}
