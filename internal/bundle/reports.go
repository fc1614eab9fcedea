package bundle

import (
	"github.com/databricks/databricks-sdk-go/service/dashboards"

	"github.com/cryptostream/lakectl/internal/bi"
	"github.com/cryptostream/lakectl/internal/deploy"
	"github.com/cryptostream/lakectl/internal/target"
)

func alertKey(name string) string { return "alert." + name }

// reports are what asks the warehouse: the dashboard and the alerts. Without a warehouse there are none.
func (b builder) reports() ([]deploy.Resource, error) {
	if b.Warehouse == nil {
		return nil, nil
	}
	text, err := bi.Dashboard(b.target.Place())
	if err != nil {
		return nil, err
	}
	board := dashboards.Dashboard{
		DisplayName: b.Prefix + bi.DashboardName, ParentPath: b.Folder, WarehouseId: ref(KeyWarehouse), SerializedDashboard: string(text),
	}
	all := []deploy.Resource{b.report(KeyDashboard, deploy.Dashboard, board.DisplayName, fields(board))}
	alerts, err := bi.Alerts(b.target.Place(), b.delivery())
	if err != nil {
		return nil, err
	}
	for _, a := range alerts {
		f := fields(a)
		f["parent_path"], f["warehouse_id"] = b.Folder, ref(KeyWarehouse)
		all = append(all, b.report(alertKey(a.Key), deploy.Alert, a.DisplayName, f))
	}
	return all, nil
}

func (b builder) report(key string, kind deploy.Kind, name string, f map[string]any) deploy.Resource {
	return deploy.Resource{Key: key, Kind: kind, Name: name, Fields: f, DependsOn: []string{KeyFolder, KeyWarehouse}}
}

// delivery says whom the alerts tell. One that tells nobody, or of a lakehouse that stands still, would wake
// the warehouse for nothing: it is paused.
func (b builder) delivery() bi.Delivery {
	d := bi.Delivery{Prefix: b.Prefix}
	for _, address := range b.Notify.OnFailure {
		d.Notify = append(d.Notify, bi.Subscription{UserEmail: address})
	}
	d.Paused = len(d.Notify) == 0 || b.Streaming.Paused || b.Streaming.Shape == target.ShapeManual
	return d
}

// bundleReports are the same in a bundle: the dashboard is the exported file, the alerts have their query in
// them. The mode of the bundle's target says whether they are paused.
func (b builder) bundleReports() (board, alerts map[string]any, err error) {
	board = fields(dashboards.Dashboard{DisplayName: bi.DashboardName, WarehouseId: bundleWarehouse})
	board["file_path"] = "../infra/dashboards/" + bi.DashboardFile
	board["dataset_catalog"], board["dataset_schema"] = b.target.Catalog, b.target.Schema
	made, err := bi.Alerts(b.target.Place(), bi.Delivery{})
	alerts = map[string]any{}
	for _, a := range made {
		f := fields(a)
		f["warehouse_id"] = bundleWarehouse
		delete(f["schedule"].(map[string]any), "pause_status")
		alerts[a.Key] = f
	}
	return map[string]any{"cryptostream": board}, alerts, err
}

const bundleWarehouse = "${resources.sql_warehouses.lakectl.id}"
