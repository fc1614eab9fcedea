package maintain

// Report is what was done, or with DryRun what there is to do.
type Report struct {
	DryRun bool    `json:"dry_run"`
	Tables []Table `json:"tables"`
}

// Table is what was done to one table.
type Table struct {
	Table string `json:"table"`
	// Files and Bytes are of the data on disk, those included that no version of today has any more.
	FilesBefore int   `json:"files_before"`
	FilesAfter  int   `json:"files_after"`
	BytesBefore int64 `json:"bytes_before"`
	BytesAfter  int64 `json:"bytes_after"`
	// Compacted small files were put together into Into; they stay on disk for the table's retention.
	Compacted int64 `json:"compacted"`
	Into      int64 `json:"into"`
	// Deleted files are those that VACUUM has deleted; with DryRun, those that some VACUUM will.
	Deleted         int `json:"files_deleted"`
	LogFilesBefore  int `json:"log_files_before"`
	LogFilesRemoved int `json:"log_files_removed"`
	// Conflicts with other writers, after each of which a statement was tried again.
	Conflicts int `json:"conflicts"`
	// LeftAlone says why nothing was done, or not all, or is "".
	LeftAlone string `json:"left_alone,omitempty"`
	// Error says what failed, or is "".
	Error string `json:"error,omitempty"`
}

// Nothing reports that there was nothing to do.
func (t Table) Nothing() bool {
	return t.Compacted == 0 && t.Deleted == 0 && t.LogFilesRemoved == 0
}

// Total sums up what was done to all tables.
func (r Report) Total() Table {
	var sum Table
	for _, t := range r.Tables {
		sum.FilesBefore += t.FilesBefore
		sum.FilesAfter += t.FilesAfter
		sum.BytesBefore += t.BytesBefore
		sum.BytesAfter += t.BytesAfter
		sum.Compacted += t.Compacted
		sum.Into += t.Into
		sum.Deleted += t.Deleted
		sum.LogFilesBefore += t.LogFilesBefore
		sum.LogFilesRemoved += t.LogFilesRemoved
		sum.Conflicts += t.Conflicts
	}
	return sum
}
