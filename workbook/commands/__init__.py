"""The commands of `gradsheet`: a module each, with its arguments (`add_arguments`) and what it does (`run`)."""
