// Package powerbi writes a lakehouse as a Power BI project: a semantic model in TMDL that asks a Databricks
// SQL warehouse for every number (DirectQuery), a report in the enhanced format (PBIR), and a .pbids file
// for who wants a connection and nothing else. Pure functions of jobs.
//
//	powerbi.go    which files there are, and the small ones
//	model.go      the model: its tables, relationships and parameters
//	measures.go   the measures
//	names.go      what tables and columns are called; types.go: how they are typed and formatted
//	tmdl.go       the TMDL format
//	page.go       the report page
//	visual.go     the visuals; pbir.go: their file format
//	identity.go   ids that stay the same from export to export
//
// Files are UTF-8 without a byte order mark and have line feeds; TMDL is indented by tabs. Power BI Desktop
// reads them so, and itself writes carriage returns too, which git takes out again (core.autocrlf).
package powerbi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/cryptostream/lakectl/jobs"
)

// Place is where the lakehouse is: the defaults of the model's parameters.
type Place struct {
	Host, HTTPPath  string
	Catalog, Schema string
}

const (
	project = "CryptoStream"
	model   = project + ".SemanticModel/"
	report  = project + ".Report/"
)

// Files returns the project's files by their paths, with slashes. origin says, in each file that has a place
// for it, what has made the file.
func Files(lakehouse *jobs.Lakehouse, place Place, origin string) (map[string][]byte, error) {
	tables, err := modelTables(lakehouse)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{
		model + "definition/database.tmdl":      []byte("database\n\tcompatibilityLevel: 1600\n\n"),
		model + "definition/model.tmdl":         modelTMDL(tables, origin),
		model + "definition/expressions.tmdl":   expressionsTMDL(place),
		model + "definition/relationships.tmdl": relationshipsTMDL(tables),
	}
	for _, t := range tables {
		files[model+"definition/tables/"+t.name+".tmdl"] = tableTMDL(t, origin)
	}
	parts := small(place)
	maps.Copy(parts, reportParts(origin))
	for name, value := range parts {
		if files[name], err = indented(name, value); err != nil {
			return nil, err
		}
	}
	return files, nil
}

type object = map[string]any

const schemas = "https://developer.microsoft.com/json-schemas/fabric/"

// small are the files that say which kind of folder this is, and where its other half is.
func small(place Place) map[string]any {
	return map[string]any{
		"cryptostream.pbids": pbids(place),
		project + ".pbip": object{
			"$schema": schemas + "pbip/pbipProperties/1.0.0/schema.json", "version": "1.0",
			"artifacts": []object{{"report": object{"path": project + ".Report"}}},
			"settings":  object{"enableAutoRecovery": true},
		},
		model + "definition.pbism": object{
			"$schema": schemas + "item/semanticModel/definitionProperties/1.0.0/schema.json", "version": "4.2", "settings": object{},
		},
		report + "definition.pbir": object{
			"$schema": schemas + "item/report/definitionProperties/2.0.0/schema.json", "version": "4.0",
			"datasetReference": object{"byPath": object{"path": "../" + project + ".SemanticModel"}},
		},
		model + ".platform":  platform("SemanticModel"),
		report + ".platform": platform("Report"),
	}
}

// pbids is a connection for Get Data, without a model. Null is what the connector's own files have.
func pbids(place Place) object {
	return object{"version": "0.1", "connections": []object{{
		"details": object{
			"protocol": "databricks-sql", "address": object{"host": place.Host, "path": place.HTTPPath},
			"authentication": nil, "query": nil,
		},
		"options": object{"Catalog": place.Catalog, "Database": place.Schema},
		"mode":    "DirectQuery",
	}}}
}

// platform is what Fabric knows an item by.
func platform(kind string) object {
	return object{
		"$schema":  schemas + "gitIntegration/platformProperties/2.0.0/schema.json",
		"metadata": object{"type": kind, "displayName": project},
		"config":   object{"version": "2.0", "logicalId": identity("item", kind)},
	}
}

func indented(what string, value any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(value); err != nil {
		return nil, fmt.Errorf("write %s as JSON: %w", what, err)
	}
	return b.Bytes(), nil
}
