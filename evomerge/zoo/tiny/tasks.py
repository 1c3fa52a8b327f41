"""One lm-eval task a skill: greedy exact match, read off one forward pass a document."""

import json
from pathlib import Path

from evomerge.zoo.tiny.skills import SKILLS, task_documents

DOCUMENTS = 1024
"""Documents of each task."""

_TASK = """\
# Exact match of the whole answer: `acc` counts a document if every character of the answer is
# the most probable one, as greedy decoding would give it.
task: tiny_{skill}
dataset_path: json
dataset_kwargs:
  data_files: {{test: {file}}}
test_split: test
output_type: loglikelihood
doc_to_text: "{{{{prompt}}}}"
doc_to_target: "{{{{answer}}}}"
target_delimiter: ""
num_fewshot: 0
metric_list:
  - {{metric: acc, aggregation: mean, higher_is_better: true}}
metadata: {{version: 1}}
"""


def write_tasks(draft: Path, final: Path, count: int = DOCUMENTS) -> None:
    """Write the task YAML and documents of every skill.

    Args:
        draft: Folder to write to.
        final: Where that folder will lie.
        count: Documents a task, ≥ 1.
    """
    draft.mkdir()
    for skill in SKILLS:
        rows = [vars(document) for document in task_documents(skill, count)]
        (draft / f"{skill}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        text = _TASK.format(skill=skill, file=json.dumps(str(final / f"{skill}.jsonl")))
        (draft / f"tiny_{skill}.yaml").write_text(text)
