//! What needs no cloud: help, usage errors, requests that are only shown.

use std::os::unix::fs::PermissionsExt as _;

use insta::{assert_snapshot, with_settings};

use crate::desk::{Desk, last_line, line_of, told};

/// A registry that nobody asks.
const WHERE: [&str; 6] = ["--subscription", "sub-1", "-g", "group1", "-r", "registry1"];
const CONTAINER: &str = "https://Account.blob.core.windows.net/box";
const IDENTITY: &str = "/subscriptions/S/resourceGroups/G/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Me";
const SECRET: &str = "https://vault1.vault.azure.net/secrets/exportSas";

fn with_where<'a>(words: &[&'a str]) -> Vec<&'a str> {
    words.iter().copied().chain(WHERE).collect()
}

#[test]
fn help_of_every_command_ends_with_the_exit_status() {
    let desk = Desk::new();
    for words in [
        &["export-pipeline"][..],
        &["export-pipeline", "create"],
        &["export-pipeline", "show"],
        &["export-pipeline", "list"],
        &["export-pipeline", "delete"],
        &["import-pipeline"],
        &["import-pipeline", "create"],
        &["pipeline-run"],
        &["pipeline-run", "show"],
        &["pipeline-run", "delete"],
        &["pipeline-run", "create"],
        &["pipeline-run", "list"],
        &["pipeline-run", "clean"],
        &["pipeline-run", "wait"],
        &["secret"],
        &["secret", "set"],
        &["secret", "show"],
        &["sas"],
        &["sas", "mint"],
    ] {
        let asked: Vec<&str> = words.iter().copied().chain(["--help"]).collect();
        let help = desk.run(&asked, 0).stdout_text();
        let end = "run the same command again to resume";
        assert!(help.trim_end().ends_with(end), "{help}");
        with_settings!({ snapshot_path => "../snapshots" }, { assert_snapshot!(format!("{}_help", words.join("_")), help); });
    }
}

#[test]
fn a_secret_in_the_environment_is_not_in_the_help() {
    let desk = Desk::new();
    let help = desk
        .command(&["--help"])
        .env("ACR_TRANSFER_CLOUD", "https://h/?sig=abcdef")
        .run()
        .unwrap()
        .expect_code(0);
    assert!(!help.stdout_text().contains("abcdef"));
    assert!(help.stdout_text().contains("ACR_TRANSFER_CLOUD"));
}

/// One command a line, each wrong in one way.
const WRONG: &str = "\
export-pipeline create -n pipe1 -c CONTAINER -s SECRET -z OverwriteTags
export-pipeline create -n pipe1 -c CONTAINER -s SECRET -z OverwriteEverything
export-pipeline create -n pipe1 -c CONTAINER -s SECRET -z DisableSourceTrigger
import-pipeline create -n pipe1 -c CONTAINER -s SECRET -z DisableSourceTrigger -e true
import-pipeline create -n pipe1 -c CONTAINER -s SECRET -e maybe
export-pipeline create -n pipe1 -c CONTAINER -s SECRET -m Key
export-pipeline create -n pipe1 -c CONTAINER -s SECRET -i [sytem]
export-pipeline create -n pipe1 -c CONTAINER
export-pipeline create -n pipe1 -c CONTAINER -m ManagedIdentity -s SECRET
export-pipeline create -n pipe1 -c CONTAINER -m ManagedIdentity --api-version 2023-11-01-preview
export-pipeline create -n pipe1 -c CONTAINER -s SECRET --api-version 2024-01-01
export-pipeline create -n a_b -c CONTAINER -s SECRET
export-pipeline create -n pipe1 -c http://a.b/c -s SECRET
export-pipeline create -n pipe1 -c box -s SECRET
export-pipeline create -n pipe1 -s SECRET
pipeline-run create -n run11 -p pipe1 -b blob.tar
pipeline-run create -n run11 -p pipe1 -b blob.tar -t export
pipeline-run create -n run11 -p pipe1 -b blob.tar -t sideways
pipeline-run create -n run11 -p pipe1 -b blob.tar -t export -a UPPER:1
pipeline-run create -n run11 -p pipe1 -b blob.tar -t export -a a:1 --catalog-digest sha256:00
pipeline-run create -n run11 -p pipe1 -b blob.tar -t export -a a:1 --timeout 5m
pipeline-run create -n run11 -p pipe1 -b blob.tar -t export -a a:1 --wait --no-wait
pipeline-run create -n run11 -p pipe1 -b blob.tar -t import --wait --timeout soon
pipeline-run create -n run11 -p pipe1 -t import
pipeline-run list --top 0
pipeline-run list -o tsv
pipeline-run list --query [].name";

/// The words of a line, with what they stand for and where.
fn words(line: &str) -> Vec<&str> {
    let full = line.split_whitespace().map(|word| match word {
        "CONTAINER" => CONTAINER,
        "SECRET" => SECRET,
        "IDENTITY" => IDENTITY,
        word => word,
    });
    full.chain(WHERE).collect()
}

#[test]
fn usage_errors_say_what_is_wanted_and_end_in_2() {
    let desk = Desk::new();
    let mut all = String::new();
    for line in WRONG.lines() {
        let finished = desk.run(&words(line), 2);
        assert!(finished.stdout.is_empty(), "{}", finished.stdout_text());
        all.push_str(&told(&[line], &finished));
    }
    with_settings!({ snapshot_path => "../snapshots" }, { assert_snapshot!(desk.steady(&all)); });
}

#[test]
fn what_says_where_is_asked_for_by_name() {
    let desk = Desk::new();
    let mut all = String::new();
    for words in [
        &["pipeline-run", "list"][..],
        &["pipeline-run", "list", "-g", "group1"],
        &["pipeline-run", "list", "-g", "group1", "-r", "registry1"],
        &[
            "pipeline-run",
            "list",
            "-g",
            "group1",
            "-r",
            "r",
            "--subscription",
            "s",
        ],
        &["pipeline-run", "list", "--cloud", "mars"],
        &["pipeline-run", "list", "--ca-file", "/nowhere.pem"],
        &["pipeline-run", "list", "--proxy", "::"],
    ] {
        all.push_str(&told(words, &desk.run(words, 2)));
    }
    for words in [
        &["pipeline-run", "list", "--login", "secret"][..],
        &["pipeline-run", "list", "--login", "certificate"],
        &["pipeline-run", "list", "--login", "workload"],
        &["pipeline-run", "list", "--login", "token"],
    ] {
        all.push_str(&told(words, &desk.run(words, 5)));
    }
    with_settings!({ snapshot_path => "../snapshots" }, { assert_snapshot!(all); });
}

#[test]
fn a_signature_in_a_wrong_place_is_refused_and_not_repeated() {
    let desk = Desk::new();
    let uri = format!("{CONTAINER}?sv=2024-08-04&sig=VerySecret%3D");
    for words in [
        &[
            "export-pipeline",
            "create",
            "-n",
            "pipe1",
            "-s",
            SECRET,
            "-c",
            &uri,
        ][..],
        &[
            "export-pipeline",
            "create",
            "-n",
            "pipe1",
            "-c",
            CONTAINER,
            "-s",
            &uri,
        ],
        &[
            "export-pipeline",
            "create",
            "-n",
            &uri,
            "-c",
            CONTAINER,
            "-s",
            SECRET,
        ],
        &["export-pipeline", "create", "-m", &uri],
        &["pipeline-run", "list", &uri],
        &["pipeline-run", "list", "-o", &uri],
    ] {
        for form in ["text", "json"] {
            let mut words = with_where(words);
            if !words.contains(&"-o") {
                words.extend(["--output", form]);
            }
            let finished = desk.run(&words, 2);
            let said = finished.stdout_text() + &finished.stderr_text();
            assert!(!said.contains("VerySecret"), "{said}");
        }
    }
}

/// As the az extension's users type them.
const RIGHT: &str = "\
export-pipeline create --name pipe1 --storage-container-uri CONTAINER --secret-uri SECRET --options OverwriteBlobs ContinueOnErrors --only-show-errors
import-pipeline create -n pipe1 -c CONTAINER -m managedidentity -i [system] IDENTITY -e False -z overwritetags OverwriteTags --location westeurope
import-pipeline create -n pipe1 -c CONTAINER -s SECRET -z DisableSourceTrigger
pipeline-run create -n run11 -p pipe1 -t export -b a.tar -a a:1 team/b
pipeline-run create -n run11 -p pipe1 -t import -b a.tar -f false --catalog-digest sha256:0000000000000000000000000000000000000000000000000000000000000000";

#[test]
fn a_dry_run_shows_the_request_with_the_words_that_az_takes() {
    let desk = Desk::new();
    let mut all = String::new();
    for line in RIGHT.lines() {
        let finished = desk.run(&[&words(line)[..], &["--dry-run"]].concat(), 0);
        all.push_str(&told(&[line], &finished));
    }
    with_settings!({ snapshot_path => "../snapshots" }, { assert_snapshot!(all); });
}

/// The examples of the extension's own help and of Microsoft's page "ACR Transfer with Az CLI", with the words for the
/// variables in them.
const OF_MICROSOFT: &str = "\
import-pipeline create --resource-group $MyRG --registry $MyReg --name $MyPipeline --secret-uri https://$MyKV.vault.azure.net/secrets/$MySecret --storage-container-uri https://$MyStorage.blob.core.windows.net/$MyContainer
import-pipeline create --resource-group $MyRG --registry $MyReg --name $MyPipeline --storage-access-mode SasToken --secret-uri https://$MyKV.vault.azure.net/secrets/$MySecret --storage-container-uri https://$MyStorage.blob.core.windows.net/$MyContainer
import-pipeline create --resource-group $MyRG --registry $MyReg --name $MyPipeline --storage-access-mode ManagedIdentity --storage-container-uri https://$MyStorage.blob.core.windows.net/$MyContainer --assign-identity [system]
import-pipeline create --resource-group $MyRG --registry $MyReg --name $MyPipeline --storage-access-mode ManagedIdentity --storage-container-uri https://$MyStorage.blob.core.windows.net/$MyContainer --options DeleteSourceBlobOnSuccess OverwriteTags ContinueOnErrors --assign-identity /subscriptions/$MySubID/resourceGroups/$MyRG/providers/Microsoft.ManagedIdentity/userAssignedIdentities/$MyIdentity --source-trigger-enabled False
import-pipeline list --resource-group $MyRG --registry $MyReg
import-pipeline show --resource-group $MyRG --registry $MyReg --name $MyPipeline
import-pipeline delete --resource-group $MyRG --registry $MyReg --name $MyPipeline
export-pipeline create --resource-group $MyRG --registry $MyReg --name $MyPipeline --secret-uri https://$MyKV.vault.azure.net/secrets/$MySecret --storage-container-uri https://$MyStorage.blob.core.windows.net/$MyContainer
export-pipeline create --resource-group $MyRG --registry $MyReg --name $MyPipeline --storage-access-mode ManagedIdentity --storage-container-uri https://$MyStorage.blob.core.windows.net/$MyContainer --options OverwriteBlobs ContinueOnErrors --assign-identity /subscriptions/$MySubID/resourceGroups/$MyRG/providers/Microsoft.ManagedIdentity/userAssignedIdentities/$MyIdentity
export-pipeline list --resource-group $MyRG --registry $MyReg
export-pipeline show --resource-group $MyRG --registry $MyReg --name $MyPipeline
export-pipeline delete --resource-group $MyRG --registry $MyReg --name $MyPipeline
pipeline-run create --resource-group $MyRG --registry $MyReg --pipeline $MyPipeline --name $MyPipelineRun --pipeline-type import --storage-blob $MyBlob
pipeline-run create --resource-group $MyRG --registry $MyReg --pipeline $MyPipeline --name $MyPipelineRun --pipeline-type export --storage-blob $MyBlob --artifacts hello-world:latest hello-world@sha256:90659bf80b44ce6be8234e6ff90a1ac34acbeb826903b02cfa0da11c82cbc042 --force-redeploy
pipeline-run list --resource-group $MyRG --registry $MyReg
pipeline-run list --resource-group $MyRG --registry $MyReg --top 5 -o table
pipeline-run show --resource-group $MyRG --registry $MyReg --name $MyPipelineRun
pipeline-run delete --resource-group $MyRG --registry $MyReg --name $MyPipelineRun
pipeline-run clean --resource-group $MyRG --registry $MyReg
pipeline-run clean --resource-group $MyRG --registry $MyReg --dry-run -o table";

#[test]
fn microsofts_examples_are_understood() {
    let desk = Desk::new();
    for line in OF_MICROSOFT.lines() {
        // Containers are lower case, whatever the variable is called.
        let line = line.replace("$MyContainer", "box").replace('$', "");
        let mut words: Vec<&str> = line.split(' ').collect();
        words.extend(["--subscription", "sub-1"]);
        if words.contains(&"create") {
            words.push("--dry-run");
            drop(desk.run(&words, 0));
        } else {
            // Understood, and then there is no login.
            words.extend(["--login", "token"]);
            drop(desk.run(&words, 5));
        }
    }
}

#[test]
fn a_dry_run_for_programs_ends_with_a_summary() {
    let desk = Desk::new();
    let words = [
        "pipeline-run",
        "create",
        "-p",
        "pipe1",
        "-t",
        "export",
        "-b",
        "a",
        "-a",
        "a:1",
        "-f",
    ];
    let words = with_where(&words);
    let finished = desk.run(&[&words[..], &["--dry-run", "-o", "json"]].concat(), 0);
    let request = line_of(&finished, "request");
    assert_eq!(request["method"], "PUT");
    // The run's name and tag are fresh.
    let url = request["url"].as_str().unwrap();
    let name = url.split(['/', '?']).nth_back(1).unwrap();
    assert_eq!(name.len(), 32, "{url}");
    let tag = request["body"]["properties"]["forceUpdateTag"].as_str();
    assert!(tag.is_some_and(|tag| !tag.is_empty()));
    assert_eq!(last_line(&finished)["status"], "planned");
    assert_eq!(last_line(&finished)["name"], name);
}

#[test]
fn more_than_50_artifacts_are_refused_before_anything_is_asked() {
    let desk = Desk::new();
    let names: Vec<String> = (0..51).map(|number| format!("repo{number}:1")).collect();
    let mut words = with_where(&[
        "pipeline-run",
        "create",
        "-n",
        "run11",
        "-p",
        "pipe1",
        "-t",
        "export",
        "-b",
        "a",
        "-a",
    ]);
    words.splice(11..11, names.iter().map(String::as_str));
    let finished = desk.run(&words, 2);
    with_settings!({ snapshot_path => "../snapshots" }, { assert_snapshot!(finished.stderr_text()); });
}

#[test]
fn errors_for_programs_are_one_json_line() {
    let desk = Desk::new();
    for words in [
        &["pipeline-run", "list", "-o", "json"][..],
        &["-o", "json", "pipeline-run", "list"],
        &["pipeline-run", "list", "--output=json", "--top", "x"],
        &["pipeline-run", "-ojson", "rerun"],
    ] {
        let finished = desk.run(words, 2);
        let error = last_line(&finished);
        assert_eq!(finished.json_lines().unwrap().len(), 1);
        assert_eq!(
            (&error["type"], &error["exit"]),
            (&"error".into(), &2.into())
        );
        assert!(finished.stderr.is_empty(), "{}", finished.stderr_text());
    }
}

#[test]
fn the_az_cli_tells_the_subscription_where_nothing_else_does() {
    let desk = Desk::new();
    let az = desk.write(
        "az",
        "#!/bin/sh\n[ \"$*\" = 'account show --query id -o tsv' ] && echo sub-of-az\n",
    );
    fs_err::set_permissions(&az, std::fs::Permissions::from_mode(0o755)).unwrap();
    let words = [
        "pipeline-run",
        "create",
        "-p",
        "pipe1",
        "-t",
        "import",
        "-b",
        "a",
        "-g",
        "group1",
        "-r",
        "registry1",
        "--dry-run",
    ];
    let said = desk.run(&words, 0).stdout_text();
    assert!(said.contains("/subscriptions/sub-of-az/"), "{said}");
    let told = desk
        .command(&words)
        .env("AZURE_SUBSCRIPTION_ID", "sub-of-env");
    let said = told.run().unwrap().expect_code(0).stdout_text();
    assert!(said.contains("/subscriptions/sub-of-env/"), "{said}");
}

#[test]
fn a_token_file_without_a_token_is_refused_and_not_repeated() {
    let desk = Desk::new();
    for text in ["", "two words", &"x".repeat(70_000)] {
        let path = desk.write("token", text);
        let words = with_where(&["pipeline-run", "list", "--login", "token"]);
        let refused = desk.command(&words).env("ACR_TRANSFER_TOKEN_FILE", path);
        let said = refused.run().unwrap().expect_code(5).stderr_text();
        assert!(said.contains("ACR_TRANSFER_TOKEN_FILE"), "{said}");
        assert!(!said.contains("two words"), "{said}");
    }
}
