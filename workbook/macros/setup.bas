' Whether Python can answer, asked of Python itself. {version} is the xlwings that built this workbook: its functions
' need the library of exactly that version.
Option Explicit

' One sentence that says what is wrong and what to do, or nothing.
Public Function SetupProblem() As String
    #If Mac Then
        SetupProblem = ""
    #Else
        Dim python As String, code As Long
        If GetConfig("CONDA PATH") <> "" Then Exit Function
        python = GetConfig("INTERPRETER_WIN", "python")
        On Error GoTo missing
        ' -P: a file of the current folder can't take the place of one of Python's modules.
        code = WScript.Run(Chr(34) & python & Chr(34) & " -P -c " & Chr(34) & "{question}" & Chr(34), 0, True)
        Select Case code
        Case 0
            SetupProblem = ""
        Case {no_option}
            SetupProblem = "gradsheet needs Python 3.11 or later, and " & python & _
                " is older: write the full path of a newer python.exe into the sheet xlwings.conf."
        Case {no_xlwings}
            SetupProblem = "xlwings is missing: run " & python & " -m pip install xlwings=={version}"
        Case {other_xlwings}
            SetupProblem = "This workbook needs xlwings {version}, another version is installed: run " & python & _
                " -m pip install xlwings=={version}, or build the workbook again."
        Case {no_gradsheet}
            SetupProblem = "gradsheet is missing: run " & python & " -m pip install -e "".[train]"" in gradsheet's folder."
        Case Else
            SetupProblem = "Python does not start: run " & python & " in a terminal to see why."
        End Select
        Exit Function
missing:
        SetupProblem = "Python was not found at " & python & _
            ": install it, or write the full path of its python.exe into the sheet xlwings.conf."
    #End If
End Function

' Let the Pythons that Excel starts pass over the current folder (PYTHONSAFEPATH means -P), or not any more: xlwings
' starts Python without that option, and a file csv.py where Excel happens to be would be executed.
Public Sub IgnoreCurrentFolder(ByVal ignored As Boolean)
    #If Mac Then
    #Else
        On Error Resume Next
        If ignored Then
            WScript.Environment("Process").Item("PYTHONSAFEPATH") = "1"
        Else
            WScript.Environment("Process").Remove "PYTHONSAFEPATH"
        End If
    #End If
End Sub
