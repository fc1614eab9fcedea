// Package deploy brings a workspace to what a target asks for: it compares, makes a plan, and executes it one
// call a step, with the state saved after each. It knows resources and their fields, and no API: that is
// handed to it as a Workspace.
//
//	resource.go   what a workspace is to have
//	kind.go       what differs between kinds of resources
//	workspace.go  what is asked of a workspace
//	value.go      fields as JSON: what is equal
//	reference.go  what stands for an id, a node type; marks
//	diff.go       two sets of fields → the fields that differ; keys.go: which items of lists are the same
//	order.go      what comes before what
//	plan.go       Plan, Step, Change: the data
//	engine.go     Engine: for one target in one workspace
//	planner.go    resources, state, workspace → Plan
//	decide.go     one resource → its Step; changed.go: one that is deployed; taken.go: one that is somebody else's
//	leftovers.go  what is wanted no more
//	restart.go    which running jobs a plan starts anew
//	destroy.go    state → Plan that removes it
//	text.go       Plan → text
//	apply.go      executes a Plan; step.go: one step; finish.go: when it fails, and when nothing is left
//	state.go      what was deployed
//	lock.go       one deploy at a time
package deploy
