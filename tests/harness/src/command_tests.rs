//! The child processes against the shell: everything is captured, and a deadline ends what would not end.

use super::*;

fn shell(script: &str) -> Run {
    Run::new("sh").args(["-c", script])
}

#[test]
fn both_streams_the_input_and_the_status_are_kept() {
    let finished = shell("cat; echo bad >&2; exit 3")
        .stdin("good")
        .run()
        .unwrap();
    let finished = finished.expect_code(3);
    assert_eq!(
        (finished.stdout_text(), finished.stderr_text()),
        ("good".to_owned(), "bad\n".to_owned())
    );
}

#[test]
fn a_deadline_kills_and_tells_what_was_said() {
    let error = shell("echo waiting >&2; exec sleep 60")
        .timeout(Duration::from_millis(300))
        .run()
        .unwrap_err();
    assert!(error.to_string().contains("waiting"), "{error}");
}

#[test]
fn a_running_command_can_be_waited_on_and_killed() {
    let mut running = shell("echo ready; exec sleep 60").spawn().unwrap();
    running
        .wait_until("ready", |running| running.stdout_so_far() == b"ready\n")
        .unwrap();
    running.kill().unwrap();
    assert_eq!(running.wait().unwrap().signal(), Some(9));
}
