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
    Dim problem As String
    problem = SetupProblem()
    If problem <> "" Then
        ShowStatus problem
    ElseIf ThisWorkbook.Worksheets("Training").Range("run_folder").Value <> "" Then
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
    RunPython "from workbook.live import buttons; buttons." & what & "()"
End Sub

Private Sub ShowStatus(ByVal text As String)
    With ThisWorkbook.Worksheets("Training").Range("status")
        If .Value <> text Then .Value = text
    End With
End Sub
