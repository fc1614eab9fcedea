// Package deploy brings a workspace to what a target asks for: it compares, makes a plan, and executes it one
// call a step, with the state saved after each. It knows resources and their fields, and no API: that is
// handed to it.
package deploy
