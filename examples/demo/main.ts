// npm run demo: what js-spiffe does, on one screen. With SPIFFE_ENDPOINT_SOCKET set, against that agent, which is
// watched for a rotation for as many seconds as DEMO_WATCH_SECONDS says.
import { runDemo } from './demo.ts'
import { Screen } from './screen.ts'
import { exitCode } from './step.ts'

const address = process.env['SPIFFE_ENDPOINT_SOCKET']
const watchSeconds = process.env['DEMO_WATCH_SECONDS']
const watchMs = watchSeconds === undefined ? undefined : Number(watchSeconds) * 1000
const screen = new Screen(process.stdout)
const began = performance.now()

screen.begin(
  address === undefined ? 'js-spiffe, with a Workload API of its own' : `js-spiffe, with ${address}`,
)
const steps = await runDemo({ address, watchMs, onStep: (step) => screen.step(step) })
screen.end(steps, performance.now() - began)

process.exitCode = exitCode(steps)
