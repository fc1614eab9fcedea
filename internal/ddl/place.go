package ddl

import "strings"

// Place says where a lakehouse's tables and checkpoints are.
type Place struct {
	Catalog string // "" is the session's own
	Schema  string
	// Warehouse is the folder or URI that holds each table's files under its name; "" lets the
	// catalog decide, as Unity Catalog does for managed tables.
	Warehouse   string
	Checkpoints string // the folder or URI that holds each job's checkpoint under its name
}

// QualifiedSchema returns the quoted name of the schema, behind that of its catalog where it has one.
func (p Place) QualifiedSchema() string {
	if p.Catalog == "" {
		return Ident(p.Schema)
	}
	return Ident(p.Catalog) + "." + Ident(p.Schema)
}

// Table returns the quoted full name of a table or view.
func (p Place) Table(name string) string { return p.QualifiedSchema() + "." + Ident(name) }

// Checkpoint returns the location of a job's checkpoint.
func (p Place) Checkpoint(job string) string { return below(p.Checkpoints, job) }

// Path returns where a table's files are. It makes sense only where the place has a warehouse.
func (p Place) Path(table string) string { return below(p.Warehouse, table) }

// Files names a table by its files, where the place has a warehouse: a catalog in memory has forgotten
// the table's name after a restart.
func (p Place) Files(table string) string {
	if p.Warehouse == "" {
		return p.Table(table)
	}
	return "delta." + Ident(p.Path(table))
}

// LocalWarehouse reports whether the tables' files are in a folder, which lakectl may look into.
func (p Place) LocalWarehouse() bool { return isFolder(p.Warehouse) }

// LocalCheckpoints reports whether the checkpoints are in a folder, which lakectl may look into.
func (p Place) LocalCheckpoints() bool { return isFolder(p.Checkpoints) }

// isFolder tells a folder from a URI. What the server calls dbfs:/… or /Volumes/… is none of this machine.
func isFolder(location string) bool {
	scheme, _, isURI := strings.Cut(location, ":/")
	return location != "" && !strings.HasPrefix(location, "/Volumes/") && (!isURI || strings.Contains(scheme, "/"))
}

func below(root, name string) string { return strings.TrimSuffix(root, "/") + "/" + name }
