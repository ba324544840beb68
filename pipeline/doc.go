// Package pipeline reads a pipeline file and brings what it describes up to
// date: file → plan → nodes → keys → runs. It knows nothing of expressions,
// models or plots; what a stage does is a Kind, which the program passes in.
//
//	pipeline.hcl ──Load──▶ Plan ──Run──▶ Outcome
//	                        │
//	                        └──Explain──▶ what would run, and why
//
// The language is in lang*.go, parse*.go and eval*.go; see Load. The rest of
// this page is about the engine.
//
// # Nodes
//
// A stage has a node for each instance, or one node in all (aggregate).
// References are edges. Nodes are numbered, stage by stage, and edges follow
// from the stages (node.go), so a graph of a million nodes is a few arrays.
//
// A node is in exactly one state:
//
//	           ┌─────────┐  all it depends   ┌───────┐  a slot   ┌─────────┐
//	           │ waiting │ ───on has ended──▶│ ready │ ──free───▶│ running │
//	           └─────────┘                   └───────┘           └─────────┘
//	                │                            ▲      an input      │
//	                │ something it               └──── changed ───────┤
//	                │ depends on                      meanwhile       │
//	     ┌──────────┴────────┐          ┌──────────┬──────────────────┼──────────┐
//	  failed            did not run     │          │                  │          │
//	     ▼                   ▼          ▼          ▼                  ▼          ▼
//	┌─────────┐         ┌─────────┐ ┌────────┐ ┌────────┐        ┌────────┐ ┌─────────┐
//	│ skipped │         │ not_run │ │ cached │ │  done  │        │ failed │ │ not_run │
//	└─────────┘         └─────────┘ └────────┘ └────────┘        └────────┘ └─────────┘
//	                                 up to      executed          its kind   paused or
//	                                 date                         failed     interrupted
//
// The six below are final for the run. Done and cached are the same to those
// that depend on the node: what they write cannot depend on which it was. A
// node that is not selected is only looked at; it ends as not_run, and others
// see it as its last record says, marked stale where that does not hold any
// more. Aggregate nodes of Partial kinds run in any case, last.
//
// # Keys
//
// A node's key is the digest of everything that may influence its outputs: see
// manifest.walk (key.go), which is the only list of that. The walk feeds two
// sinks, the hash and the list of components that the record keeps
// (key_sink.go); what nodes of a stage share is made for them once. A node is
// up to date when its key is the recorded one and its outputs on disk have the
// recorded digests. Keys hold the digests of upstream outputs, not upstream
// keys: outputs that come out the same stop the wave.
//
// # A run
//
//  1. lock the state and the results, read what is remembered (run.go)
//  2. look at the files of the last snapshot: nodes whose files, and those of
//     all they depend on, are what they were are up to date. When all are, the
//     run ends here, and nothing has been evaluated (compiled*.go). With
//     Options.First they are looked at in the scan, chunk by chunk
//  3. scan: every instance is walked down its stages until something is stale,
//     on all CPUs; most runs end here. The chunks of Options.First go ahead, and
//     the others wait until a node of them has started (schedule_scan.go)
//  4. schedule: one goroutine owns the graph; it admits instances in file
//     order through the window of batch_size and starts the nodes that are
//     ready, earlier instances and deeper stages first (schedule.go), with a few
//     quick ones begun ahead of those that end next; from a quick node its
//     worker goes on by itself to what follows on it (schedule_chain.go). A node
//     holds one of max_workers slots while code of its kind runs, and none while
//     in Task.Idle (run_slots.go)
//  5. a worker computes the key, runs the kind in a private folder of the
//     results directory, checks that the inputs, and those outputs of others
//     that it was told of, are still what the key says, gives its own outputs
//     their names (node_run.go, node_publish.go), and only then records the
//     node. Where the code of the kind does not come back the scheduler ends
//     the node, and the worker is given up (node_call.go)
//  6. aggregate nodes of Partial kinds, the outcome, the next snapshot, the last
//     event
//
// A process killed between publishing and recording leaves outputs that differ
// from the record or a node without one: both run again. Records are flushed a few
// times a second; what a kill loses runs again too.
//
// Stopping has three strengths: after a StopError, a first failure with
// FailFast, or Options.Drain nothing more is executed, but nodes are still
// looked at, so that the report can tell those that are up to date, and nodes
// that only wait give up (Task.Draining); when the
// context ends or the disk is full not even that; a PauseError stops nothing
// but the node and what depends on it.
//
// A newer plan supersedes a run: nothing more starts or is looked at, nodes at
// work whose key the plan, or the files as they are now, would change are
// cancelled, and the others finish (run_supersede.go). Watch does so.
//
// While nodes are at work resources are read every two seconds, in a goroutine
// of their own (run_resources.go): warnings, progress events and, with
// batch_size = "auto", the window follow from the readings (run_batch.go). A
// node that finds too many files open runs again, with fewer at work
// (run_files.go). Where and when a node was at work is in its last event
// (run_spans.go).
//
// A pipeline with an aggregate node in the middle has phases: the window of
// batch_size slides over each by itself, since no instance can be finished
// across such a node before all have reached it.
//
// # Watching
//
// Watch runs a plan again whenever something it depends on changes. What a
// change of a name in a folder means is looked up in an index of everything
// that shaped the plan or is read by its nodes (watch_index.go); what the
// system tells of is gathered (watch_notify.go) until nothing more happens for
// a moment; then one goroutine reads the pipeline file again if need be and
// begins the next run (watch.go). Events are hints: the run looks at every
// file. Only folders are watched, by their real paths, with the folders and
// links on the way to them; when one of those comes or goes, or events are
// lost, all are found anew. What a run changes of its own inputs begins no other
// (watch_restless.go).
//
// From a change to the first node that starts a run of a watch does little that
// grows with the number of nodes. It is told the instances whose files changed
// (Options.First), and looks at those first. Nothing is concluded of the others
// before their own files have been looked at, beside what runs by then, nor of
// what depends on all before all have been; where the hints are wrong, or lost,
// only the order differs. And it finds the log's contents and the snapshot in
// memory, where the run before left them with the plan, as long as the log is the
// file that it was, by its stat: another process may have been at work
// (compiled_run.go, store.State.Reopen). Runs without a watch leave nothing.
//
// What is remembered is described in package store; CollectGarbage removes what
// of it, and of the results, nothing reaches any more (gc.go, gc_state.go).
package pipeline
