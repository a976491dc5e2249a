"""Tables are recognised by their columns, in any order, thinned, and in other languages."""

from __future__ import annotations

import csv
import re
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore.features.core import ContractError
from leadscore.features.onboarding.systems import load_systems, recognise
from leadscore.features.onboarding.systems.load import PRESETS

SYSTEMS = load_systems()
# Columns in the shape of each system's exports; where a name says nothing of how it came, as the
# system's interface or its API gives it.
HEADERS = {
    "salesforce.lead": """
        Id,IsDeleted,MasterRecordId,LastName,FirstName,Title,Company,Country,State,Phone,Email,
        LeadSource,Status,Industry,Rating,AnnualRevenue,NumberOfEmployees,OwnerId,IsConverted,
        ConvertedDate,ConvertedAccountId,ConvertedContactId,ConvertedOpportunityId,CreatedDate,
        LastModifiedDate,SystemModstamp,LastActivityDate,HasOptedOutOfEmail,Lead_Grade__c""",
    "salesforce.lead landed": """
        _fivetran_active,_fivetran_start,_fivetran_end,country,email_bounced_date,owner_id,
        lead_source,converted_date,last_modified_date,master_record_id,system_modstamp,
        converted_contact_id,id,state,phone,name,is_converted,status,industry,title,
        converted_opportunity_id,is_deleted,company,first_name,email,last_name,number_of_employees,
        created_date,has_opted_out_of_email,annual_revenue,_fivetran_active""",
    "salesforce.contact": """
        Id,IsDeleted,MasterRecordId,AccountId,LastName,FirstName,MailingState,MailingCountry,Phone,
        ReportsToId,Email,Title,Department,LeadSource,OwnerId,HasOptedOutOfEmail,CreatedDate,
        LastModifiedDate,SystemModstamp""",
    "salesforce.task": """
        id,who_id,what_id,account_id,owner_id,created_date,activity_date,is_deleted,type,status,
        completed_date_time,task_subtype,call_duration_in_seconds,_fivetran_synced""",
    "salesforce.event": """
        id,account_id,activity_date,created_date,duration_in_minutes,end_date_time,event_subtype,
        is_deleted,owner_id,show_as,start_date_time,subject,type,what_id,who_id""",
    "salesforce.campaign_member": """
        id,campaign_id,lead_id,contact_id,lead_or_contact_id,status,has_responded,
        first_responded_date,created_date,is_deleted""",
    "salesforce.opportunity": """
        Id,IsDeleted,AccountId,Name,StageName,Amount,Probability,CloseDate,LeadSource,IsClosed,
        IsWon,ForecastCategory,OwnerId,CreatedDate,SystemModstamp,Region__c""",
    "salesforce.lead_history": """
        Id,IsDeleted,LeadId,CreatedById,CreatedDate,Field,OldValue,NewValue""",
    "salesforce.opportunity_history": """
        Id,OpportunityId,StageName,Amount,CloseDate,Probability,ForecastCategory,PrevAmount,
        PrevCloseDate,CreatedDate,IsDeleted""",
    "salesforce.opportunity_field_history": """
        Id,OpportunityId,Field,OldValue,NewValue,DataType,CreatedDate""",
    "hubspot.contact": """
        Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Company Name,Job Title,
        Number of Employees,Annual Revenue,Industry,Country/Region,Original Traffic Source,
        Latest Traffic Source,Create Date,Lifecycle Stage,Lead Status,
        Date entered "Marketing Qualified Lead (Lifecycle Stage Pipeline)",
        Date entered 'Sales Qualified Lead (Lifecycle Stage Pipeline)',
        Became a Customer Date,Number of Pageviews,Number of Sessions,Last Activity Date,
        Number of times contacted,Merged object IDs,Favourite colour""",
    "hubspot.contact landed by Fivetran": """
        id,_fivetran_deleted,_fivetran_synced,property_email,property_createdate,
        property_firstname,property_lastname,property_company,property_jobtitle,
        property_annualrevenue,property_hs_merged_object_ids,property_lifecyclestage,
        property_hs_lifecyclestage_salesqualifiedlead_date,
        property_hs_lifecyclestage_customer_date,property_hs_analytics_num_page_views""",
    "hubspot.contact landed by Airbyte": """
        id,createdAt,updatedAt,archived,companies,properties_createdate,properties_email,
        properties_hs_lifecyclestage_salesqualifiedlead_date,properties_hs_object_id,
        properties_hs_v2_date_entered_customer,properties_jobtitle,_airbyte_raw_id""",
    "hubspot.deal": """
        Record ID,Deal Name,Deal Stage,Pipeline,Amount,Close Date,Create Date,Deal owner,
        Associated Contact IDs""",
    "hubspot.deal landed": """
        deal_id,deal_pipeline_id,deal_pipeline_stage_id,owner_id,property_amount,
        property_closedate,property_createdate,property_dealname,is_deleted""",
    "hubspot.deal_stage": """
        deal_id,value,date_entered,_fivetran_active,_fivetran_start,_fivetran_end""",
    "hubspot.contact_history": "contact_id,name,value,timestamp,source,source_id,_fivetran_synced",
    "hubspot.contact_history landed by Airbyte": """
        value,source-type,source-id,source-label,timestamp,selected,is-contact,property,vid""",
    "hubspot.engagement": """
        id,createdAt,archived,contacts,companies,properties_hs_timestamp,properties_hs_call_duration,
        properties_hubspot_owner_id""",
    "hubspot.email_event": """
        id,app_id,caused_by_id,created,email_campaign_id,portal_id,sent_by_id,type,filtered_event,
        recipient""",
    "hubspot.merge": """
        canonical_vid,contact_id,entity_id,num_properties_moved,timestamp,vid_to_merge""",
    "hubspot.deal_contact": "deal_id,contact_id,type_id,_fivetran_synced",
    "dynamics365.lead": """
        leadid,createdon,modifiedon,companyname,firstname,lastname,emailaddress1,telephone1,
        jobtitle,numberofemployees,revenue,industrycode,address1_country,leadsourcecode,
        leadqualitycode,statecode,statuscode,_ownerid_value,_qualifyingopportunityid_value,
        _masterid_value,estimatedvalue,new_favouritecolour""",
    "dynamics365.lead from the interface": """
        (Do Not Modify) Lead,(Do Not Modify) Row Checksum,(Do Not Modify) Modified On,Topic,
        First Name,Last Name,Job Title,Company Name,Email,Business Phone,Lead Source,Rating,
        Status Reason,Created On""",
    "dynamics365.opportunity": """
        opportunityid,_originatingleadid_value,_parentcontactid_value,createdon,modifiedon,
        statecode,statuscode,actualclosedate,actualvalue,estimatedvalue,_ownerid_value""",
    "dynamics365.activity": """
        activityid,_regardingobjectid_value,activitytypecode,createdon,actualstart,actualend,
        scheduledstart,statecode,_ownerid_value""",
    "pipedrive.lead": """
        id,title,owner_id,creator_id,label_ids,person_id,organization_id,source_name,is_archived,
        was_seen,value_amount,expected_close_date,next_activity_id,add_time,update_time""",
    "pipedrive.lead from the interface": """
        Lead - Pipedrive System ID,Lead - Title,Lead - Lead created,Lead - Owner,Lead - Creator,
        Lead - Labels,Lead - Contact person,Lead - Contact person ID,Lead - Organization""",
    "pipedrive.deal": """
        id,creator_user_id,user_id,person_id,org_id,stage_id,title,value,currency,add_time,
        update_time,stage_change_time,deleted,status,probability,lost_reason,close_time,pipeline_id,
        won_time,first_won_time,lost_time,expected_close_date,rotten_time,weighted_value""",
    "pipedrive.deal from the interface": """
        Deal - Pipedrive System ID,Deal - Title,Deal - Value,Deal - Currency of value,Deal - Owner,
        Deal - Stage (pipeline),Deal - Creation date,Deal - Closed on,Deal - Lost reason,
        Deal - Status,Deal - Won time,Deal - Lost time""",
    "pipedrive.person": """
        id,owner_id,org_id,name,first_name,last_name,open_deals_count,closed_deals_count,
        email_messages_count,activities_count,done_activities_count,won_deals_count,
        lost_deals_count,active_flag,phone,email,update_time,add_time,delete_time,org_name""",
    "pipedrive.activity": """
        id,user_id,done,type,due_date,due_time,duration,busy_flag,add_time,marked_as_done_time,
        subject,org_id,person_id,deal_id,lead_id,active_flag,update_time""",
    "zoho.lead": """
        id,Owner,Company,First_Name,Last_Name,Title,Email,Phone,Lead_Source,Lead_Status,
        Industry,No_of_Employees,Annual_Revenue,Rating,Country,State,Created_Time,Modified_Time,
        Converted__s,Converted_Date_Time,Converted_Contact,Converted_Deal,Converted_Account,
        Record_Status__s,Last_Activity_Time,Layout,Unsubscribed_Time""",
    "zoho.lead from the interface": """
        Record Id,Lead Owner,Company,First Name,Last Name,Email,Phone,Lead Source,Lead Status,
        Created Time,Modified Time,Country,No. of Employees""",
    "zoho.deal": """
        id,Deal_Name,Stage,Closing_Date,Amount,Contact_Name,Account_Name,Created_Time,Modified_Time,
        Lead_Source,Owner,Probability""",
    "zoho.call": """
        id,Subject,Call_Start_Time,Call_Type,Call_Duration_in_seconds,What_Id,Who_Id,
        Outgoing_Call_Status,Owner,Created_Time""",
    "zoho.task": "id,Subject,Status,Priority,Due_Date,What_Id,Who_Id,Created_Time,Modified_Time",
    "odoo.lead": """
        id,create_date,write_date,type,name,partner_name,contact_name,email_from,phone,country_id,
        source_id,medium_id,campaign_id,stage_id,active,date_conversion,date_open,date_closed,
        date_last_stage_update,date_deadline,lost_reason_id,expected_revenue,probability,
        automated_probability,user_id,team_id,priority""",
    "odoo.lead from the interface": """
        ID,Created on,Opportunity,Company Name,Contact Name,Email,Salesperson,Sales Team,
        Expected Revenue,Stage,Conversion Date,Assignment Date,Closed Date,Last Stage Update,
        Expected Closing,Days to Assign,Days to Close,Won/Lost,Active""",
    "odoo.activity": """
        id,lead_id,date,mail_activity_type_id,subtype_id,author_id,lead_create_date,
        date_conversion""",
    "odoo.message": "id,res_id,model,date,message_type,subtype_id,author_id,mail_activity_type_id",
    "marketo.lead": """
        id,createdAt,updatedAt,company,firstName,lastName,email,phone,title,numberOfEmployees,
        annualRevenue,industry,country,leadSource,originalSourceType,originalSourceInfo,
        originalReferrer,registrationSourceType,registrationSourceInfo,acquisitionProgramId,
        sfdcLeadId,sfdcContactId,leadStatus,leadScore,urgency,relativeScore,relativeUrgency,
        unsubscribed,inferredCountry""",
    "marketo.activity": """
        marketoGUID,leadId,activityDate,activityTypeId,campaignId,primaryAttributeValueId,
        primaryAttributeValue,attributes""",
    "marketo.activity landed": """
        activity_date,activity_type_id,campaign_id,campaign_run_id,choice_number,device,
        email_template_id,id,is_mobile_device,lead_id,link,platform,primary_attribute_value,
        primary_attribute_value_id,step_id,user_agent""",
    "marketo.change": """
        activity_date,activity_type_id,api_method_name,campaign_id,id,lead_id,new_value,old_value,
        primary_attribute_value,primary_attribute_value_id,reason""",
    "marketo.merge": """
        id,activity_date,activity_type_id,campaign_id,lead_id,merge_ids,merge_source,
        primary_attribute_value,primary_attribute_value_id""",
    "segment.track": """
        id,anonymous_id,user_id,event,event_text,received_at,sent_at,timestamp,original_timestamp,
        context_campaign_source,context_page_url,uuid_ts""",
    "segment.page": """
        id,anonymous_id,user_id,received_at,sent_at,timestamp,original_timestamp,path,url,title,
        referrer,search,context_campaign_source,context_ip""",
    "segment.identify": """
        id,anonymous_id,user_id,received_at,sent_at,timestamp,original_timestamp,email,first_name,
        context_ip""",
    "ga4.event": """
        event_date,event_timestamp,event_previous_timestamp,event_name,event_value_in_usd,
        event_bundle_sequence_id,user_id,user_pseudo_id,user_first_touch_timestamp,
        traffic_source_name,traffic_source_medium,traffic_source_source,stream_id,platform""",
}


def split(text):
    return re.split(r",\s*", text.strip())


HEADERS = {name: split(text) for name, text in HEADERS.items()}
# These name no lead: the ids of a deal's contacts stand in another table, or were not chosen.
WITHOUT_LEADS = {"hubspot.deal landed", "pipedrive.deal from the interface"}

# What people name columns themselves; none is a system's.
BY_HAND = [
    "lead_id,created_at,company,email,title,employees,annual_revenue,industry,country,source",
    "lead_id,occurred_at,kind",
    "lead_id,occurred_at,stage",
    "lead_id,occurred_at,kind,event_id,value",
    "lead_id,sql_date,won_date,lost_date",
    "Lead-Nr;Angelegt am;Firma;E-Mail;Position;Mitarbeiter;Jahresumsatz;Branche;Land;Quelle",
    "Lead-Nr;Datum;Aktivität",
    "id,created_at,email,first_name,last_name,company,industry,country,lead_source,status",
    "lead_id,created_date,lead_source,is_converted,converted_date",
    "lead_id,created_at,lifecycle_stage,original_source,converted",
    "id,creation_date,email,phone,company_name,salesperson,lost_reason",
    "lead_id,date,activity_type",
    "lead_id,activity_date,activity_type_id",
    "user_id,event_name,event_timestamp,event_date,platform",
    "contact_id,event,timestamp",
    "lead_id,campaign_id,occurred_at,channel",
    "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value",
    "lead_id,status,lost_reason,closed_on",
    "deal_id,deal_status,deal_value",
    "lead_id,lead_created,lead_title,lead_label",
    "id,name,creation_date,organization_name",
    "id,created_time,ad_id,form_id,platform,full_name,email,lead_status",
    "leadid,email,owner,created_at",
    "id,title,due_date,assignee",
    "Prospect ID,Lead Number,Lead Origin,Lead Source,Converted,TotalVisits,Last Activity,Country",
    "",
]


def full_name(found):
    return None if found is None else f"{found.system.name}.{found.name}"


def found_in(columns, **options):
    found = recognise(columns, SYSTEMS, **options)
    assert found is not None
    return found


def by_hand(text):
    return [name for name in re.split("[,;]", text) if name]


@pytest.mark.parametrize("name", HEADERS)
def test_an_export_is_recognised_and_nothing_else_fits_as_well(name):
    found = found_in(HEADERS[name])
    assert full_name(found) == name.split(" ")[0]
    assert found.others == ()
    assert found.missing == (("lead_id",) if name in WITHOUT_LEADS else ())


@pytest.mark.parametrize("name", HEADERS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_an_export_is_recognised_shuffled_thinned_and_with_other_columns(name, data):
    header = HEADERS[name]
    whole = found_in(header)
    kept = {whole.columns[handle] for handle in whole.object.recognise.all}
    optional = sorted(set(header) - kept)
    gone = data.draw(
        st.sets(st.sampled_from(optional or ["-"]), max_size=len(header) // 3), label="gone"
    )
    columns = [each for each in header if each not in gone]
    columns += ["Lead_Grade__c", "Our own note", data.draw(st.sampled_from(columns))]
    columns = data.draw(st.permutations(columns), label="columns")
    assert full_name(recognise(columns, SYSTEMS)) == name.split(" ")[0]


@pytest.mark.parametrize("header", BY_HAND)
def test_a_table_made_by_hand_is_none_of_a_system(header):
    assert full_name(recognise(by_hand(header), SYSTEMS)) is None


@given(st.sets(st.sampled_from(by_hand(",".join(BY_HAND[:8]))), max_size=12))
def test_no_mixture_of_plain_names_is_a_system_s(columns):
    assert full_name(recognise(sorted(columns), SYSTEMS)) is None


@given(st.permutations(HEADERS["hubspot.contact"]))
@settings(max_examples=30, deadline=None)
def test_the_order_of_columns_changes_nothing(columns):
    found, ordered = found_in(columns), found_in(HEADERS["hubspot.contact"])
    assert found.columns == ordered.columns
    assert found.attributes == ordered.attributes


REPORTS = {
    "German": """
        Lead-ID,Firma/Account,Vorname,Lead-Quelle,Lead-Status,Lead-Inhaber,Erstelldatum,
        Letzte Aktivität,Konvertierungsdatum,Opportunity-ID""",
    "Spanish": """
        Propietario del candidato,Compañía / Cuenta,Estado de candidato,Lead ID,
        Fecha de creación""",
    "French": """
        ID de piste,Société/Compte,Origine de la piste,Propriétaire de la piste,
        Statut de la piste,Dernière modification""",
    "English": "Lead ID,Create Date,Company / Account,Lead Source,No. of Employees",
}
CREATED = {"German": "Erstelldatum", "Spanish": "Fecha de creación", "English": "Create Date"}


@pytest.mark.parametrize("language", REPORTS)
def test_a_report_of_salesforce_in_another_language(language):
    found = found_in(split(REPORTS[language]))
    assert full_name(found) == "salesforce.lead"
    assert found.contract.get("created_at") == CREATED.get(language)
    assert found.missing == (() if language in CREATED else ("created_at",))
    assert found.contract["account"] in REPORTS[language]


def test_a_german_export_of_hubspot():
    columns = ["Record ID", "Create Date", "Jahresumsatz", "Ursprüngliche Quelle"]
    columns += ["Datum der Konversion zum Sales Qualified Lead"]
    columns += ['Date entered "Kunde (Lifecycle Stage Pipeline)"']
    found = found_in(columns)
    assert full_name(found) == "hubspot.contact"
    assert found.dates == {"sql": columns[4], "won": columns[5]}
    assert found.attributes["Jahresumsatz"].spec == "firmographic.revenue"


def test_the_contract_speaks_of_the_user_s_columns():
    found = found_in(HEADERS["salesforce.lead"])
    assert found.contract == {
        "lead_id": "Id",
        "created_at": "CreatedDate",
        "account": "Company",
        "merged_into": "MasterRecordId",
        "newest_by": "SystemModstamp",
    }
    assert found.aliases == ("ConvertedContactId", "ConvertedOpportunityId")
    assert found.deleted == ("IsDeleted",)
    assert found.dates == {"sql": "ConvertedDate"}
    assert found.system.ids == "salesforce"


def test_what_describes_a_lead_has_its_role_and_what_tells_its_end_is_ignored():
    attributes = found_in(HEADERS["salesforce.lead"]).attributes
    assert attributes["NumberOfEmployees"].spec == "firmographic.company_size"
    assert attributes["LeadSource"].spec == "channel.source"
    assert attributes["Email"].spec == "personal.email"
    for column in ("Status", "IsConverted", "ConvertedDate", "ConvertedContactId", "IsDeleted"):
        assert attributes[column].spec == "ignored"
        assert attributes[column].reason
    assert "Lead_Grade__c" not in attributes


def test_totals_of_the_day_of_the_export_are_ignored_with_their_reason():
    attributes = found_in(HEADERS["hubspot.contact"]).attributes
    assert attributes["Number of Pageviews"].spec == "ignored"
    assert "day of the export" in attributes["Number of Pageviews"].reason
    assert attributes["Latest Traffic Source"].spec == "ignored"


def test_a_second_column_that_says_the_same_is_named_and_ignored():
    became, entered = "Became a Sales Qualified Lead Date", "hs_v2_date_entered_salesqualifiedlead"
    found = found_in(["Record ID", "Create Date", entered, became])
    assert found.dates["sql"] == became
    assert found.attributes[entered].spec == "ignored"
    assert became in found.attributes[entered].reason


def test_events_name_the_lead_by_the_first_column_that_is_filled():
    found = found_in(HEADERS["zoho.call"])
    assert found.choices["lead_id"] == ("What_Id", "Who_Id")
    assert found.contract["lead_id"] == "What_Id"


def test_a_table_without_kinds_has_one_kind():
    assert found_in(HEADERS["segment.page"]).kind == "page_view"
    assert found_in(HEADERS["segment.track"]).kind is None


def test_stages_are_told_by_words_or_by_dates():
    opportunity = found_in(HEADERS["salesforce.opportunity"])
    assert opportunity.contract["stage"] == "StageName"
    assert opportunity.stages["won"] == ("Closed Won",)
    deal = found_in(HEADERS["pipedrive.deal"])
    assert deal.dates == {"sql": "add_time", "won": "won_time", "lost": "lost_time"}


def test_outcomes_without_stage_words_or_dates_say_what_is_missing():
    found = found_in(["Record ID", "Deal Stage", "Deal owner"])
    assert found.missing == ("lead_id", "occurred_at")


def test_two_systems_that_fit_equally_are_both_named(tmp_path):
    (tmp_path / "systems").mkdir()
    shutil.copy(PRESETS / "ga4.toml", tmp_path / "systems" / "twin.toml")
    found = recognise(HEADERS["ga4.event"], load_systems(tmp_path))
    assert found is not None
    assert (full_name(found), found.others) == ("ga4.event", ("twin.event",))


def test_a_system_that_the_user_names_needs_no_further_proof():
    columns = ["id", "created_date", "company"]
    assert recognise(columns, SYSTEMS) is None
    found = found_in(columns, only="salesforce.lead")
    assert found.contract["created_at"] == "created_date"
    assert recognise(["name", "city"], SYSTEMS, only="salesforce") is None


@pytest.mark.parametrize(
    ("only", "nearest"), [("salesforc", "salesforce"), ("hubspot.contcat", "hubspot.contact")]
)
def test_a_system_that_nobody_knows_is_refused_with_the_nearest(only, nearest):
    with pytest.raises(ContractError, match=f"'{only}' is no system .* Did you mean '{nearest}'"):
        recognise(["id"], SYSTEMS, only=only)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("sf_objects/Lead.csv", "salesforce.lead"),
        ("sf_objects/Task.csv", "salesforce.task"),
        ("sf_objects/Opportunity.csv", "salesforce.opportunity"),
        ("hubspot_contacts/hubspot.csv", "hubspot.contact"),
        ("clean/leads.csv", None),
        ("history_mode/leads.csv", None),
        ("epoch_ms_deleted/leads.csv", None),
        ("wide_outcomes/outcomes.csv", None),
    ],
)
def test_the_dialects_of_one_company(real_data, file, expected):
    with (real_data / "crm_dialects" / file).open(encoding="utf-8") as lines:
        columns = next(csv.reader(lines))
    found = recognise(columns, SYSTEMS)
    assert full_name(found) == expected
    if found is not None:
        assert set(columns) == set(found.columns.values())
