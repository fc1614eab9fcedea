package deploy

// NodeType stands in a job's fields, as node_type_id, for a machine that the workspace's cloud has: one with
// a local disk and at least four cores. Only the workspace knows its name.
const NodeType = "${node_type}"
