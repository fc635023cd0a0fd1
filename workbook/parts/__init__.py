"""What sheets and files are made of: styles, charts, shapes, texts, references, the package."""
