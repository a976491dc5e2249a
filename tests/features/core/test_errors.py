from leadscore.features.core.errors import ContractError, nearest


def test_the_nearest_name_is_found_without_case():
    assert nearest("convertd", ["Country", "CONVERTED"]) == "Did you mean 'CONVERTED'?"


def test_where_no_name_is_near_a_few_are_listed():
    assert nearest("x", [f"name {number}" for number in range(20)]).endswith("'name 11', ….")


def test_one_fault_is_not_called_faults():
    assert str(ContractError.from_faults("a.toml", ["b"])) == "a.toml: 1 fault\n  - b"
