"""What LibreOffice loads of the extension: its parts, by the names that gradsheet.components gives them."""

import unohelper
from gradsheet_office import functions, opening, pressing

g_ImplementationHelper = unohelper.ImplementationHelper()  # noqa: N816 (LibreOffice asks for this name)
for module, part in (
    (functions, functions.Functions),
    (opening, opening.Opening),
    (pressing, pressing.Pressing),
):
    g_ImplementationHelper.addImplementation(part, module.NAME, (module.SERVICE,))
