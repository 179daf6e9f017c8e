"""The command `aumdoctor`."""


def main() -> None:
    """Run the command line."""
    from aumdoctor.cli.app import run

    run()


if __name__ == "__main__":
    main()
