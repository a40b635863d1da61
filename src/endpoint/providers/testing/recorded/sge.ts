/** What Grid Engine 8.1.9 prints, shortened to what is read: `qstat -xml -g t` and `qacct -j`. */
function listed(id: number, state: string, letters: string, queue = "", master = ""): string {
  return `    <job_list state="${state}">
      <JB_job_number>${id}</JB_job_number>
      <JAT_prio>0.50000</JAT_prio>
      <JB_name>funcx-default-1</JB_name>
      <JB_owner>ada</JB_owner>
      <state>${letters}</state>
      <queue_name>${queue}</queue_name>
      <master>${master}</master>
    </job_list>
`;
}

export const QSTAT_XML = `<?xml version='1.0'?>
<job_info  xmlns:xsd="http://arc.liv.ac.uk/repos/darcs/sge/source/dist/util/resources/schemas/qstat/qstat.xsd">
  <queue_info>
${listed(11, "running", "r", "all.q@node1", "MASTER")}${
  listed(11, "running", "r", "all.q@node2", "SLAVE")
}${listed(15, "running", "dr", "all.q@node3", "MASTER")}  </queue_info>
  <job_info>
${listed(12, "pending", "qw")}${listed(13, "pending", "Eqw")}${
  listed(14, "pending", "hqw")
}  </job_info>
</job_info>
`;

function accounted(id: number, failed: string, status: number): string {
  return `==============================================================
qname        all.q
hostname     node1
group        ada
owner        ada
jobname      funcx-default-1
jobnumber    ${id}
taskid       undefined
account      sge
failed       ${failed}
exit_status  ${status}
ru_wallclock 2
`;
}

export const QACCT = accounted(21, "0    ", 0) + accounted(22, "0    ", 3) +
  accounted(23, "100 : assumedly after job", 137) +
  accounted(24, "19  : before writing exit_status", 0);
