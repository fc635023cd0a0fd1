' The buttons of the sheet Training. Python does the work; RunPython waits only until the training has started.
Option Explicit

Public Sub RunTraining()
    PressButton "run"
End Sub

Public Sub StopTraining()
    PressButton "stop"
End Sub

Public Sub ResumeTraining()
    PressButton "resume"
End Sub

Public Sub OpenRunFolder()
    PressButton "open_folder"
End Sub

' When the workbook opens: say what is missing, or fetch the epochs that a training wrote meanwhile.
Public Sub WorkbookOpened()
    Dim problem As String, folder As Object
    problem = SetupProblem()
    Set folder = NamedCell("run_folder")
    If problem <> "" Then
        ShowStatus problem
    ElseIf folder Is Nothing Then
        ShowStatus "The sheet Training was deleted; build the workbook again."
    ElseIf IsError(folder.Value) Then
        ShowStatus "The cell of the run folder shows an error; clear it."
    ElseIf folder.Value <> "" Then
        CallPython "opened"
    Else
        ShowStatus "Ready."
    End If
End Sub

Private Sub PressButton(ByVal button As String)
    Dim problem As String
    problem = SetupProblem()
    If problem = "" Then
        CallPython button
    Else
        ShowStatus problem
    End If
End Sub

Private Sub CallPython(ByVal what As String)
    IgnoreCurrentFolder True
    RunPython "from workbook.live import buttons; buttons." & what & "()"
    IgnoreCurrentFolder False
End Sub

' In the status line or, where the sheet is protected or gone, in Excel's own status bar; never a dialog.
Private Sub ShowStatus(ByVal text As String)
    Dim cell As Object, before As String
    Set cell = NamedCell("status")
    On Error GoTo elsewhere
    before = cell.Formula
    If before <> text Then cell.Value = text
    Exit Sub
elsewhere:
    On Error Resume Next
    Application.StatusBar = "gradsheet: " & text
End Sub

' A cell of the sheet Training by its name, whatever its tab says now; Nothing if it was deleted.
Private Function NamedCell(ByVal name As String) As Object
    Dim sheet As Object
    On Error Resume Next
    For Each sheet In ThisWorkbook.Worksheets
        If NamedCell Is Nothing Then Set NamedCell = sheet.Range(name)
    Next
End Function
