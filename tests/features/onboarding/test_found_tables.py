import pandas as pd

from leadscore.features.onboarding.found_tables import found_tables


def write(folder, name, *columns):
    pd.DataFrame([["1"] * len(columns)], columns=list(columns)).to_csv(folder / name, index=False)


def test_each_table_tells_its_object_its_known_columns_and_those_it_lacks(tmp_path):
    write(tmp_path, "a.csv", "Id", "CreatedDate", "ConvertedContactId", "SystemModstamp")
    (found,) = found_tables(str(tmp_path), directory=tmp_path)
    assert (found.title, found.holds) == ("Salesforce: Lead", "leads")
    assert found.known["lead_id"] == "Id"
    assert found.known["aliases"] == "ConvertedContactId"
    assert {"ConvertedDate", "ConvertedOpportunityId", "IsDeleted"} <= set(found.wanted)
    assert "ConvertedContactId" not in found.wanted


def test_a_table_of_no_system_is_listed_too(tmp_path):
    write(tmp_path, "a.csv", "colour", "size")
    (found,) = found_tables(str(tmp_path), directory=tmp_path)
    assert (found.title, found.wanted) == (None, ())


def test_a_projects_own_preset_counts(tmp_path):
    project, export = tmp_path / "project", tmp_path / "export"
    (project / "systems").mkdir(parents=True)
    export.mkdir()
    write(export, "a.csv", "zz_key", "zz_born")
    (project / "systems" / "zz.toml").write_text(
        'title = "ZZ"\n[objects.lead]\ntitle = "Lead"\nis = "leads"\n'
        '[objects.lead.columns]\nid = ["zz_key"]\ncreated = ["zz_born"]\n'
        '[objects.lead.recognise]\nall = ["id", "created"]\n'
        '[objects.lead.contract]\nlead_id = "id"\ncreated_at = "created"\n',
        encoding="utf-8",
    )
    (found,) = found_tables(str(export), directory=project)
    assert found.title == "ZZ: Lead"


def test_deals_without_a_table_that_joins_them_to_contacts_are_not_read(tmp_path):
    write(tmp_path, "deal.csv", "deal_id", "deal_pipeline_stage_id", "property_closedate")
    (found,) = found_tables(str(tmp_path), directory=tmp_path)
    assert found.holds == "other"
    assert "name no lead" in str(found.advice)


def test_a_file_without_rows_is_named(tmp_path):
    write(tmp_path, "a.csv", "colour", "size")
    (tmp_path / "b.csv").write_text("colour,weight\n", encoding="utf-8")
    assert [each.advice for each in found_tables(str(tmp_path), directory=tmp_path)] == [
        None,
        "nothing: it has no rows",
    ]
