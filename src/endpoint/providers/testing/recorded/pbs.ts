/**
 * Paragraphs of `qstat -f`, of the form that the PBS Professional Reference Guide shows in
 * "qstat" and "Job Attributes"; OpenPBS 23 prints the same.
 */
const HEAD = (id: string): string =>
  `Job Id: ${id}
    Job_Name = funcx-default-1
    Job_Owner = ada@login1.example.org`;

const TAIL = `    queue = workq
    server = pbs.example.org
    Checkpoint = u
    ctime = Mon Nov 16 10:01:02 2026
    Error_Path = login1.example.org:/dev/null
    Hold_Types = n
    Join_Path = oe
    Output_Path = login1.example.org:/dev/null
    Rerunable = False
    Resource_List.mpiprocs = 2
    Resource_List.ncpus = 64
    Resource_List.nodect = 2
    Resource_List.place = scatter
    Resource_List.select = 2:ncpus=32
    Resource_List.walltime = 00:30:00
    Variable_List = PBS_O_HOME=/home/ada,PBS_O_LANG=en_US.UTF-8,
\tPBS_O_LOGNAME=ada,PBS_O_PATH=/usr/local/bin:/usr/bin:/bin,
\tPBS_O_SHELL=/bin/bash,PBS_O_WORKDIR=/home/ada,job_state = R
    project = _pbs_project_default
`;

export const PBS = {
  queued: (id: string): string =>
    `${HEAD(id)}
    job_state = Q
${TAIL}    comment = Not Running: Insufficient amount of resource: ncpus (R: 64 A: 3
\t2 T: 64)
`,
  held: (id: string): string =>
    `${HEAD(id)}
    job_state = H
${TAIL}    comment = job held, too many failed attempts to run
`,
  running: (id: string): string =>
    `${HEAD(id)}
    resources_used.cpupercent = 0
    resources_used.ncpus = 64
    job_state = R
${TAIL}    exec_host = node0001/0*32+node00
\t02/0*32
    exec_vnode = (node0001:ncpus=32)+(node0002:ncpus=32)
    comment = Job run at Mon Nov 16 at 10:02 on (node0001:ncpus=32)+(node0002:ncp
\tus=32)
    session_id = 41234
`,
  finished: (id: string, status: string): string =>
    `${HEAD(id)}
    job_state = F
${TAIL}    exec_host = node0001/0*32+node0002/0*32
    substate = 92
    comment = Job run at Mon Nov 16 at 10:02 on (node0001:ncpus=32) and finished
    Exit_status = ${status}
    history_timestamp = 1794823440
`,
  deleted: (id: string): string =>
    `${HEAD(id)}
    job_state = F
${TAIL}    substate = 91
    comment = Not Running: Insufficient amount of resource: ncpus and terminated
`,
};
