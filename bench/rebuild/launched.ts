// The small process that the launcher starts; see there.
import { launch, type Launch } from './launch.ts'

process.on('message', (order: Launch) => {
  launch(order).then(
    (done) => process.send?.(done),
    (fault: unknown) => process.send?.({ fault: String(fault) }),
  )
})
process.on('disconnect', () => process.exit())
